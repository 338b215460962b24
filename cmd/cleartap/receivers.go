package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/file"
	"cleartap/output/format"
	"cleartap/output/kafka"
	"cleartap/output/syslog"
)

// receiverFlags name syslog receivers and topics of Kafka.
func receiverFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Category: categoryRemote, Name: "syslog", Usage: "send alerts to the syslog receiver at `URL`: udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH (repeatable). " +
			"Settings stand behind a question mark: tls://HOST?tls.ca=FILE&facility=local3. Over UDP, loss cannot be detected"},
		&cli.StringFlag{Category: categoryRemote, Name: "syslog-format", Usage: "`FORMAT` of what --syslog sends: native, json, eve, cef, leef1 or leef2; json-cee and eve-cee put @cee: in front (default: native)"},
		&cli.StringSliceFlag{Category: categoryRemote, Name: "kafka", Usage: "produce alerts to `BROKERS/TOPIC` of Kafka, brokers with commas between them (repeatable). " +
			"Settings stand behind a question mark: B1:9093,B2:9093/alerts?tls.enabled=true. Password: environment " + config.KafkaPassword + ", or the file that " + config.KafkaPasswordFile + " names"},
	}
}

// receivers gives the receivers, topics and, of a live sensor, files that the command line names.
func receivers(c *cli.Context) ([]config.Output, error) {
	var out []config.Output
	add := func(flag string, spec config.Spec, err error) error {
		if err == nil {
			for _, fault := range spec.Validate() {
				err = fault
				break
			}
		}
		if err != nil {
			return usage("--%s: %s", flag, err)
		}
		kind := map[string]string{"output": "file"}[flag]
		if kind == "" {
			kind = flag
		}
		out = append(out, config.Output{Type: kind, Name: remoteName(kind, out), Spec: spec})
		return nil
	}
	word, cee, err := syslogFormat(c)
	if err != nil {
		return nil, err
	}
	for _, text := range c.StringSlice("syslog") {
		s, err := config.ParseSyslog(text)
		if word != "" {
			s.Format, s.CEE = word, cee
		}
		if err := add("syslog", s, err); err != nil {
			return nil, err
		}
	}
	for _, text := range c.StringSlice("kafka") {
		k, err := config.ParseKafka(text)
		if err := add("kafka", k, err); err != nil {
			return nil, err
		}
	}
	if c.Command.Name != "live" {
		return out, nil
	}
	for _, path := range c.StringSlice("output") {
		f, err := liveFile(path)
		if err := add("output", f, err); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// syslogFormat reads --syslog-format, empty if it was not given.
func syslogFormat(c *cli.Context) (word string, cee bool, err error) {
	if !c.IsSet("syslog-format") {
		return "", false, nil
	}
	if len(c.StringSlice("syslog")) == 0 {
		return "", false, usage("--syslog-format needs --syslog URL")
	}
	word, err = choice(c, "syslog-format", "", "native", "json", "json-cee", "eve", "eve-cee", "cef", "leef1", "leef2")
	switch word {
	case "json-cee":
		return "json", true, err
	case "eve-cee":
		return "eve", true, err
	}
	return word, false, err
}

// liveFile is a file that the command line of a live sensor names.
func liveFile(path string) (*config.File, error) {
	f, ok := newOutput("file").(*config.File)
	if !ok {
		return nil, fmt.Errorf("no outputs of type file in this build")
	}
	f.Path, f.Format = path, formatOf(path)
	if f.Format == "" || f.Format == "table" {
		return f, fmt.Errorf("%q: the ending tells the format: want .jsonl, .csv, .eve.json or .ocsf.json", path)
	}
	return f, nil
}

// openReceiver opens a syslog receiver, a topic, or a file.
func openReceiver(o *config.Output) (output.Sink, error) {
	switch spec := o.Spec.(type) {
	case *config.Syslog:
		c, errs := spec.Sink()
		if len(errs) > 0 {
			return nil, errs[0]
		}
		return syslog.New(c)
	case *config.Kafka:
		c, errs := spec.Sink()
		if len(errs) > 0 {
			return nil, errs[0]
		}
		c.Version = version
		return kafka.New(c)
	case *config.File:
		c, err := spec.Sink()
		if err != nil {
			return nil, err
		}
		c.Path = filepath.Clean(c.Path)
		s, err := file.New(c)
		if err == nil {
			err = s.Open() // a wrong place is told at once
		}
		return s, err
	}
	return nil, fmt.Errorf("type %s cannot be opened in this build", o.Type)
}

// lines writes alerts in a format of one line each.
type lines struct {
	w      *bufio.Writer
	format format.Format
	line   []byte
}

func newLines(w io.Writer, f format.Format) *lines {
	return &lines{w: bufio.NewWriterSize(w, 64<<10), format: f}
}

// Write implements alertWriter.
func (l *lines) Write(a *output.Alert) error {
	l.line = append(l.format.Append(l.line[:0], a), '\n')
	_, err := l.w.Write(l.line)
	return err
}

// Flush implements alertWriter.
func (l *lines) Flush() error { return l.w.Flush() }
