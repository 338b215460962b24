//go:build linux

package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
)

const (
	serverName = "mail.example.org"
	clientName = "client1.example.org"
	sensorName = "sensor.example.org"
	middleName = "middle.example.org"
)

// Lab is a network of three hosts and the wire between them. The client and the
// server host talk through Wire; the Sensor host's eth0 sees what crosses it, as
// a mirror port would show it.
type Lab struct {
	Client, Server, Sensor *Host
	Wire                   *Wire
	Edit                   func(path, text string) string // changes what Write writes, and Courier's environment; may be nil

	middle  *Host
	world   *world
	release func()
	once    sync.Once

	accounts  []Account
	logSocket *net.UnixConn
}

// Open makes a lab, and the root that it needs when the cache has none. log,
// when not nil, is told about work that takes seconds. The lab must be closed.
func Open(log func(string)) (*Lab, error) {
	root, release, err := Root(log)
	if err != nil {
		return nil, err
	}
	l := &Lab{release: release}
	if l.world, err = newWorld(root); err != nil {
		release()
		return nil, err
	}
	if err := l.open(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) open() error {
	for name, h := range map[string]**Host{clientName: &l.Client, serverName: &l.Server, sensorName: &l.Sensor, middleName: &l.middle} {
		var err error
		if *h, err = newHost(l.world, name); err != nil {
			return err
		}
	}
	if err := l.connect(); err != nil {
		return err
	}
	var err error
	if l.Wire, err = newWire(l.middle); err != nil {
		return fmt.Errorf("open the wire: %w", err)
	}
	return l.certify()
}

// Close ends every process of the lab and removes all of it. It may be called twice.
func (l *Lab) Close() {
	l.once.Do(func() {
		if l.Wire != nil {
			l.Wire.close()
		}
		l.world.close()
		if l.logSocket != nil {
			_ = l.logSocket.Close()
		}
		for _, h := range []*Host{l.Client, l.Server, l.Sensor, l.middle} {
			if h != nil {
				h.close()
			}
		}
		l.release()
	})
}

// Path is where this process finds a file that the lab's programs see as p.
func (l *Lab) Path(p string) string { return l.world.path(p) }

// Write makes a file for the lab's programs, with its folders. Only what is
// under /lab, /home, /root, /run, /tmp and /var can be written.
func (l *Lab) Write(p, text string) error {
	path := l.Path(p)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(l.edited(p, text)), 0o644)
}

func (l *Lab) edited(path, text string) string {
	if l.Edit == nil {
		return text
	}
	return l.Edit(path, text)
}

// Read gives the text of a file of the lab's programs, "" when there is none.
func (l *Lab) Read(p string) string {
	text, _ := os.ReadFile(l.Path(p))
	return string(text)
}
