package kernelfilter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// expressions are ordinary filters, and a few that only some link types know.
var expressions = []string{
	"port 25", "tcp port 110 or tcp port 143", "not port 110 and not port 143", "host 10.80.0.25", "portrange 100-600", "ip6", "greater 100 and less 200",
	"tcp[tcpflags] & tcp-syn != 0", "vlan and port 110", "src net 10.80.0.0/24 and not arp", "ip[6:2] & 0x3fff != 0", "ether host 02:00:00:00:00:01",
}

// A frame passes a translated filter exactly where tcpdump shows it, in every capture that ships
// with the project, whatever its link type. Where tcpdump refuses an expression for a
// link type, so does Translate.
func TestFilterIsTcpdumps(t *testing.T) {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	links := map[capture.LinkType]int{}
	for _, file := range files {
		if strings.HasSuffix(file, "two-interfaces.pcapng") || !strings.HasSuffix(file, ".pcap") && !strings.HasSuffix(file, ".pcapng") {
			continue // tcpdump reads no compressed files, and refuses interfaces that differ
		}
		for _, expr := range expressions {
			want, refused := tcpdumped(t, file, expr)
			got, link, err := passing(t, file, expr)
			links[link]++
			if (err != nil) != refused {
				t.Errorf("%s: %q: refused by tcpdump: %t; here: %v", filepath.Base(file), expr, refused, err)
			} else if err == nil && !bytes.Equal(got, want) {
				t.Errorf("%s: %q: other frames than tcpdump shows (%d and %d bytes)", filepath.Base(file), expr, len(got), len(want))
			}
		}
	}
	if len(links) < 3 {
		t.Errorf("link types compared: %v", links)
	}
}

// tcpdumped gives the frames that tcpdump writes, one after the other.
func tcpdumped(t *testing.T, file, expr string) (frames []byte, refused bool) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.pcap")
	if text, err := exec.Command("tcpdump", "-Z", "root", "-r", file, "-w", out, "--", expr).CombinedOutput(); err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() && strings.Contains(string(text), "tcpdump: ") {
			return nil, true
		}
		t.Fatalf("tcpdump -r %s %q: %v: %s", file, expr, err, text)
	}
	_, err := each(out, func(f *capture.Frame) bool {
		frames = append(frames, f.Data...)
		return true
	})
	if err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return frames, false
}

// passing gives the frames that the filter lets pass.
func passing(t *testing.T, file, expr string) (frames []byte, link capture.LinkType, err error) {
	t.Helper()
	by := map[capture.LinkType]*Matcher{}
	link, problem := each(file, func(f *capture.Frame) bool {
		if by[f.Link] == nil {
			var p []bpf.RawInstruction
			if p, err = Translate(expr, f.Link); err != nil {
				return false
			}
			by[f.Link] = matcher(t, p)
		}
		if by[f.Link].Match(f.Data, f.Length) {
			frames = append(frames, f.Data...)
		}
		return true
	})
	if problem != nil {
		t.Fatalf("%s: %v", file, problem)
	}
	return frames, link, err
}

// each reads a capture.
func each(file string, take func(*capture.Frame) bool) (link capture.LinkType, err error) {
	in := capture.Find([]string{file}, capture.FindOptions{})
	if len(in.Captures) != 1 {
		return 0, fmt.Errorf("%d captures", len(in.Captures))
	}
	src := in.Captures[0].Open(nil, nil)
	defer src.Close()
	var f capture.Frame
	for {
		if err := src.Next(&f); errors.Is(err, io.EOF) {
			return link, nil
		} else if err != nil {
			return link, err
		}
		link = f.Link
		if !take(&f) {
			return link, nil
		}
	}
}
