package elasticsearch

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Validate names all that is wrong, by fields.
func (c *Config) Validate() error {
	var errs []error
	if len(c.URLs) == 0 && c.CloudID == "" {
		errs = append(errs, errors.New("url: nothing given: want the address of a node such as https://es.example.org:9200"))
	}
	if len(c.URLs) > 0 && c.CloudID != "" {
		errs = append(errs, errors.New("cloud_id: url is given too: want one of them"))
	}
	if _, err := c.nodes(); err != nil {
		errs = append(errs, err)
	}
	if c.Namespace != "" {
		if err := checkNamespace(c.Namespace); err != nil {
			errs = append(errs, err)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		errs = append(errs, errors.New("client_certificate and client_key: want both or neither"))
	}
	if c.Fingerprint != "" {
		if _, err := parseFingerprint(c.Fingerprint); err != nil {
			errs = append(errs, err)
		}
		if c.CAFile != "" {
			errs = append(errs, errors.New("ca_fingerprint: ca is given too: want one of them"))
		}
	}
	return errors.Join(errs...)
}

// nodes gives the addresses.
func (c *Config) nodes() ([]*url.URL, error) {
	list := c.URLs
	if c.CloudID != "" && len(list) == 0 {
		u, err := cloudURL(c.CloudID)
		if err != nil {
			return nil, err
		}
		list = []string{u}
	}
	var out []*url.URL
	for _, s := range list {
		u, err := parseNode(s)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// hosts gives the names of the nodes, without ports.
func (c *Config) hosts() ([]string, error) {
	urls, err := c.nodes()
	var out []string
	for _, u := range urls {
		out = append(out, u.Hostname())
	}
	return out, err
}

// parseNode reads the address of a node. What is wrong with it is told without
// quoting more than host and scheme: people put passwords into addresses.
func parseNode(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "" || u.Hostname() == "":
		return nil, errors.New("url: not an address: want one such as https://es.example.org:9200")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("url %s://%s: want http or https", u.Scheme, u.Host)
	case u.User != nil:
		return nil, fmt.Errorf("url of %s: it holds a name or password, which others can see: give them by api_key, or username and password", u.Host)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("url of %s: it has a query: want the address alone", u.Host)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// cloudURL reads an id of Elastic Cloud: NAME:BASE64 of "host[:port]$elasticsearch$kibana".
func cloudURL(id string) (string, error) {
	_, code, ok := strings.Cut(id, ":")
	raw, err := base64.StdEncoding.DecodeString(code)
	parts := strings.Split(string(raw), "$")
	if !ok || err != nil || len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", errors.New("cloud_id: not one of Elastic Cloud: copy it from the page of the deployment")
	}
	host, port := parts[0], "443"
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	cluster := parts[1]
	if c, p, err := net.SplitHostPort(cluster); err == nil {
		cluster, port = c, p
	}
	return "https://" + cluster + "." + host + ":" + port, nil
}

// parseFingerprint reads a SHA-256 in hex, with or without colons.
func parseFingerprint(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.ReplaceAll(s, ":", ""), " ", ""))
	if err != nil || len(b) != 32 {
		return nil, errors.New("ca_fingerprint: want a SHA-256 of 64 hexadecimal digits, such as openssl x509 -fingerprint -sha256 prints")
	}
	return b, nil
}

// header is the value of Authorization, empty if there are no credentials.
func (c *Credentials) header() string {
	switch {
	case c.APIKey != "":
		key := c.APIKey
		if strings.Contains(key, ":") { // no base64 has one
			key = base64.StdEncoding.EncodeToString([]byte(key))
		}
		return "ApiKey " + key
	case c.Username != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password))
	}
	return ""
}

// InClear reports whether credentials would cross a network without TLS.
func (c *Config) InClear() bool {
	urls, err := c.nodes()
	if err != nil || c.Credentials == nil {
		return false
	}
	for _, u := range urls {
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}

// Ports are the TCP ports that are connected to.
func (c *Config) Ports() []uint16 {
	urls, err := c.nodes()
	if err != nil {
		return nil
	}
	var out []uint16
	for _, u := range urls {
		port := uint64(443)
		if u.Scheme == "http" {
			port = 80
		}
		if p := u.Port(); p != "" {
			if n, err := net.LookupPort("tcp", p); err == nil {
				port = uint64(n)
			}
		}
		out = append(out, uint16(port))
	}
	return out
}
