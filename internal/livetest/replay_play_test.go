//go:build linux

package livetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"cleartap/capture"
)

// wire is a raw socket that puts frames on an interface.
type wire struct{ fd int }

func openWire(name string) (*wire, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return nil, err
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	return &wire{fd}, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index})
}

func (w *wire) send(frame []byte) error {
	for {
		_, err := unix.Write(w.fd, frame)
		if !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EAGAIN) {
			return err
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// replay puts the frames of files on an interface: INTERFACE PAUSE FILE... Between
// frames it waits as long as in the file, at most PAUSE.
func replay(args []string) error {
	w, err := openWire(args[0])
	if err != nil {
		return err
	}
	pause, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	in := capture.Find(args[2:], capture.FindOptions{})
	for _, c := range in.Captures {
		src := c.Open(nil, nil)
		var f capture.Frame
		var last capture.Nanos
		for {
			if err := src.Next(&f); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			if f.Link != capture.LinkEthernet || len(f.Data) < 14 {
				continue
			}
			if wait := time.Duration(f.Time - last); last != 0 && wait > 0 {
				time.Sleep(min(wait, pause))
			}
			last = f.Time
			if err := w.send(f.Data); err != nil {
				return fmt.Errorf("%v frame %d of %d bytes: %w", c.Files(), f.Number, len(f.Data), err)
			}
		}
		_ = src.Close()
	}
	return nil
}
