package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"cleartap/output/elasticsearch"
)

// Elasticsearch stores alerts and health records in data streams.
type Elasticsearch struct {
	URL               []string `yaml:"url"` // of the nodes of one cluster
	CloudID           string   `yaml:"cloud_id"`
	Namespace         string   `yaml:"namespace"`
	APIKey            Secret   `yaml:"api_key"`
	Username          string   `yaml:"username"`
	Password          Secret   `yaml:"password"`
	CA                string   `yaml:"ca"`
	CAFingerprint     string   `yaml:"ca_fingerprint"`
	ClientCertificate string   `yaml:"client_certificate"`
	ClientKey         string   `yaml:"client_key"`
	Timeout           Duration `yaml:"timeout"`
	Compress          bool     `yaml:"compress"`
	Health            bool     `yaml:"health"` // health records too
}

func newElasticsearch() Spec {
	return &Elasticsearch{Namespace: "default", Timeout: Duration(30 * time.Second), Compress: true, Health: true}
}

// The environment variables that hold an API key, or name the file of one. They
// count where the configuration gives no credentials.
const (
	ElasticsearchKey     = "CLEARTAP_ELASTICSEARCH_API_KEY"
	ElasticsearchKeyFile = ElasticsearchKey + "_FILE"
)

// Sink is the configuration of the sink.
func (e *Elasticsearch) Sink() elasticsearch.Config {
	c := elasticsearch.Config{
		URLs: e.URL, CloudID: e.CloudID, Namespace: e.Namespace, CAFile: e.CA, Fingerprint: e.CAFingerprint,
		CertFile: e.ClientCertificate, KeyFile: e.ClientKey, Timeout: time.Duration(e.Timeout), Plain: !e.Compress,
	}
	if e.key().Set() || e.Username != "" {
		c.Credentials = e.credentials
	}
	return c
}

// key is the API key, from the environment if it is not given.
func (e *Elasticsearch) key() Secret {
	switch {
	case e.APIKey.Set() || e.Username != "":
		return e.APIKey
	case os.Getenv(ElasticsearchKey) != "":
		return Secret{"${env:" + ElasticsearchKey + "}"}
	case os.Getenv(ElasticsearchKeyFile) != "":
		return Secret{"${file:" + os.Getenv(ElasticsearchKeyFile) + "}"}
	}
	return Secret{}
}

// credentials reads them; a file may have changed since the last time.
func (e *Elasticsearch) credentials() (elasticsearch.Credentials, error) {
	if key := e.key(); key.Set() {
		text, err := key.Read()
		if err == nil && text == "" {
			err = errors.New("api_key: it is empty")
		}
		return elasticsearch.Credentials{APIKey: text}, err
	}
	password, err := e.Password.Read()
	return elasticsearch.Credentials{Username: e.Username, Password: password}, err
}

// Validate implements Spec.
func (e *Elasticsearch) Validate() []error {
	c := e.Sink()
	var errs []error
	if err := c.Validate(); err != nil {
		errs = append(errs, err)
	}
	if e.APIKey.Set() && e.Username != "" {
		errs = append(errs, errors.New("api_key: username is given too: want one of them"))
	}
	if (e.Username == "") != !e.Password.Set() {
		errs = append(errs, errors.New("username and password: want both or neither"))
	}
	if t := time.Duration(e.Timeout); t < time.Second || t > 5*time.Minute {
		errs = append(errs, fmt.Errorf("timeout: %v: want 1s to 5m", t))
	}
	return errs
}

// Access implements Spec.
func (e *Elasticsearch) Access() Access {
	c := e.Sink()
	a := Access{Ports: c.Ports()}
	for _, file := range []string{e.CA, e.ClientCertificate, e.ClientKey, e.key().File(), e.Password.File()} {
		if file != "" {
			a.Read = append(a.Read, file)
		}
	}
	return a
}
