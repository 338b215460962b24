package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Secret is a password or key of an output. In a file it is best a reference,
// ${env:NAME} or ${file:PATH}; systemd's credentials are files. No way of printing
// it shows more than the reference.
type Secret struct{ text string }

// UnmarshalText takes the text or reference.
func (s *Secret) UnmarshalText(b []byte) error {
	s.text = string(b)
	kind, name, ok := s.reference()
	if ok && (name == "" || kind != "env" && kind != "file") {
		return errors.New("want ${env:NAME}, ${file:PATH}, or the secret itself")
	}
	return nil
}

// MarshalText writes the reference, or stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is the reference, or stars.
func (s Secret) String() string {
	if _, _, ok := s.reference(); ok || s.text == "" {
		return s.text
	}
	return "********"
}

// GoString is String, so that no format prints more.
func (s Secret) GoString() string { return s.String() }

func (s Secret) reference() (kind, name string, ok bool) {
	inner, ok := strings.CutPrefix(s.text, "${")
	if !ok || !strings.HasSuffix(inner, "}") {
		return "", "", false
	}
	kind, name, ok = strings.Cut(strings.TrimSuffix(inner, "}"), ":")
	return kind, name, ok
}

// Set reports whether there is a secret at all.
func (s Secret) Set() bool { return s.text != "" }

// File is the file that the secret is read from, empty if it is not in one.
func (s Secret) File() string {
	if kind, name, ok := s.reference(); ok && kind == "file" {
		return name
	}
	return ""
}

// maxSecret is the most that a file of a secret may hold, in bytes.
const maxSecret = 16 << 10

// Read gives the secret. A file is read each time, so that it can be changed.
func (s Secret) Read() (string, error) {
	kind, name, ok := s.reference()
	switch {
	case !ok:
		return s.text, nil
	case kind == "env":
		v, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("environment variable %s is not set", name)
		}
		return v, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1)) // a device has no end
	if err != nil {
		return "", err
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("%s has more than %d bytes: this is no secret", name, maxSecret)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
