//go:build linux

package lab

import (
	"net"
	"os"
	"path/filepath"
)

// syslog collects in a file of the lab what its programs say on /dev/log. Cyrus
// and Courier have no other log.
func (l *Lab) syslog(file string) error {
	if l.logSocket != nil {
		return nil
	}
	path := filepath.Join(l.world.root, "dev/log")
	err := l.Server.Do(func() (err error) {
		l.logSocket, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err == nil {
			err = os.Chmod(path, 0o666)
		}
		return err
	})
	if err != nil {
		return err
	}
	out, err := os.Create(l.Path(file))
	if err != nil {
		return err
	}
	go func() {
		defer out.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := l.logSocket.Read(buf)
			if err != nil {
				return
			}
			if _, err := out.Write(append(buf[:n:n], '\n')); err != nil {
				return
			}
		}
	}()
	return nil
}
