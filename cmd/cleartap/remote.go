package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/elasticsearch"
)

const categoryRemote = "Sinks"

// remoteFlags name sinks that acknowledge what they were sent, for scan and live.
// Secrets are no flags: others can see a command line.
func remoteFlags() []cli.Flag { return append(elasticsearchFlags(), receiverFlags()...) }

func elasticsearchFlags() []cli.Flag {
	text := func(name, usage string) cli.Flag {
		return &cli.StringFlag{Category: categoryRemote, Name: name, Usage: usage}
	}
	return []cli.Flag{
		&cli.StringSliceFlag{Category: categoryRemote, Name: "elasticsearch", Usage: "send alerts to Elasticsearch at `URL`; repeat for more nodes of the cluster. Key: environment " +
			config.ElasticsearchKey + ", or the file that " + config.ElasticsearchKeyFile + " names"},
		text("elasticsearch-namespace", "`NAME` of the data stream, logs-cleartap.alert-NAME (default: default)"),
		text("elasticsearch-ca", "trust the authority whose certificate is in `FILE` (default: the system's)"),
		text("elasticsearch-fingerprint", "trust the certificate, or the authority, of this SHA-256 `HEX`"),
		text("elasticsearch-user", "user `NAME`, instead of a key; needs --elasticsearch-password-file"),
		text("elasticsearch-password-file", "`FILE` with the user's password"),
	}
}

// remotes gives the sinks that the command line names.
func remotes(c *cli.Context) ([]config.Output, error) {
	var out []config.Output
	e, err := elasticsearchOf(c)
	if err != nil {
		return nil, err
	}
	if e != nil {
		out = append(out, config.Output{Type: "elasticsearch", Name: "elasticsearch", Spec: e})
	}
	more, err := receivers(c)
	return append(out, more...), err
}

// elasticsearchOf gives the cluster that the command line names, nil if it names none.
func elasticsearchOf(c *cli.Context) (*config.Elasticsearch, error) {
	if len(c.StringSlice("elasticsearch")) == 0 {
		for _, f := range c.LocalFlagNames() {
			if strings.HasPrefix(f, "elasticsearch-") {
				return nil, usage("--%s needs --elasticsearch URL", f)
			}
		}
		return nil, nil
	}
	e, ok := newOutput("elasticsearch").(*config.Elasticsearch)
	if !ok {
		return nil, fmt.Errorf("no outputs of type elasticsearch in this build")
	}
	e.URL = c.StringSlice("elasticsearch")
	if c.IsSet("elasticsearch-namespace") {
		e.Namespace = c.String("elasticsearch-namespace")
	}
	e.CA, e.CAFingerprint, e.Username = c.String("elasticsearch-ca"), c.String("elasticsearch-fingerprint"), c.String("elasticsearch-user")
	file := c.String("elasticsearch-password-file")
	if (e.Username == "") != (file == "") {
		return nil, usage("--elasticsearch-user and --elasticsearch-password-file: want both or neither")
	}
	for _, flag := range []string{"elasticsearch-ca", "elasticsearch-password-file"} {
		if path := c.String(flag); path != "" {
			f, err := os.Open(path)
			if err != nil {
				return nil, usage("--%s %s: %s", flag, path, reason(err))
			}
			_ = f.Close() // it was only tried
		}
	}
	if file != "" {
		if err := e.Password.UnmarshalText([]byte("${file:" + file + "}")); err != nil {
			return nil, usage("--elasticsearch-password-file: %s", err)
		}
	}
	for _, err := range e.Validate() {
		return nil, usage("--elasticsearch: %s", err)
	}
	return e, nil
}

// newOutput makes the configuration of an output with its defaults.
func newOutput(kind string) config.Spec {
	for _, k := range config.Kinds() {
		if k.Type == kind {
			return k.New()
		}
	}
	return nil
}

// openRemote opens a sink that acknowledges; nil without an error: the output is of another kind.
func openRemote(o *config.Output) (output.Sink, error) {
	switch spec := o.Spec.(type) {
	case *config.Elasticsearch:
		c := spec.Sink()
		c.UserAgent = "cleartap/" + version
		return elasticsearch.New(c)
	}
	return openReceiver(o)
}

// wantsHealth reports whether a sink wants health records too.
func wantsHealth(o *config.Output) bool {
	switch spec := o.Spec.(type) {
	case *config.Elasticsearch:
		return spec.Health
	case *config.Syslog:
		return spec.Health
	case *config.Kafka:
		return spec.Health
	case *config.File:
		return spec.Health
	}
	return false
}

// inClear warns of a key that others on the way can read, empty if there is none.
func inClear(o *config.Output) string {
	switch spec := o.Spec.(type) {
	case *config.Elasticsearch:
		if c := spec.Sink(); c.InClear() {
			return "its key or password crosses the network without TLS: use https"
		}
	case *config.Kafka:
		if c, _ := spec.Sink(); c.InClear() {
			return "its password crosses the network without TLS: set tls.enabled, or take SCRAM-SHA-512"
		}
	}
	return ""
}
