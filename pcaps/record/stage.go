//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"cleartap/internal/lab"
)

// stage is where scenes are played: the lab, and what was caused so far.
type stage struct {
	lab            *lab.Lab
	next           int // account, and those of servers with their own
	cyrus, courier int
	ipv6           bool
	tape           *lab.Recorder
	logins         []login
	errs           []error
	marks          map[string]int // lengths of logs when the scene began
	loud           bool           // print dialogues that are not as expected
	rest           time.Duration  // how long the wire must be quiet after an action
}

// at is the address of a node, in the scene's family.
func (s *stage) at(node int) netip.Addr {
	if s.ipv6 {
		return lab.IPv6(node)
	}
	return lab.IPv4(node)
}

// host is the address as it stands in a URL.
func (s *stage) host(node int) string {
	if s.ipv6 {
		return "[" + lab.IPv6(node).String() + "]"
	}
	return lab.IPv4(node).String()
}

func (s *stage) port(node int, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(s.at(node), port)
}

// account gives one that was not used yet.
func (s *stage) account() lab.Account {
	s.next++
	return person(s.next)
}

// do plays an action and notes the logins that it is known to make.
func (s *stage) do(what string, action func() error, logins ...login) {
	before := s.tape.Len()
	if err := action(); err != nil {
		s.errs = append(s.errs, fmt.Errorf("%s: %w", what, err))
	}
	if err := s.tape.Settle(s.rest); err != nil {
		s.errs = append(s.errs, fmt.Errorf("%s: %w", what, err))
	}
	all := segments(s.tape.Frames()[before:])
	opened := connections(all)
	for _, l := range logins {
		if len(opened) != 1 {
			s.errs = append(s.errs, fmt.Errorf("%s opened %d connections", what, len(opened)))
			continue
		}
		c := opened[0]
		l.ClientIP, l.ClientPort = c.client.Addr().String(), c.client.Port()
		l.ServerIP, l.ServerPort = c.server.Addr().String(), c.server.Port()
		l.Server = software(node(&l), l.ServerPort)
		if err := l.confirm(stream(all, c, lab.ToServer), stream(all, c, lab.ToClient)); err != nil {
			s.errs = append(s.errs, fmt.Errorf("%s: %w", what, err))
			if s.loud {
				fmt.Printf("--- client\n%s--- server\n%s---\n", stream(all, c, lab.ToServer), stream(all, c, lab.ToClient))
			}
		}
		s.logins = append(s.logins, l)
	}
}

// run plays a program. Its exit status tells whether a login worked, in each
// program's own way, and is not looked at: bytes and logs are.
func (s *stage) run(cmd *exec.Cmd, logins ...login) {
	s.do(strings.Join(cmd.Args, " "), func() error {
		_, err := s.lab.Client.Run(cmd, 20*time.Second)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil
		}
		return err
	}, logins...)
}

// talk plays a dialogue of the recorder's own.
func (s *stage) talk(node int, port uint16, dialogue func(*lab.Talk), logins ...login) {
	for i := range logins {
		if logins[i].Client == "" {
			logins[i].Client = "Go program"
		}
	}
	s.do(fmt.Sprintf("dialogue with node %d port %d", node, port), func() error {
		t := s.lab.Talk(s.port(node, port))
		dialogue(t)
		return t.Close()
	}, logins...)
}

// play runs a scene on a fresh tape and gives its frames and logins.
func (s *stage) play(sc *scene) ([]lab.Frame, []login, error) {
	s.ipv6, s.logins, s.errs, s.rest = false, nil, nil, 60*time.Millisecond
	s.mark()
	s.tape = s.lab.Wire.Record()
	sc.play(s)
	if err := s.tape.Settle(200 * time.Millisecond); err != nil {
		s.errs = append(s.errs, err)
	}
	frames := s.tape.Stop()
	s.lab.Wire.Set(lab.Conditions{})
	flows := map[tuple][]*login{}
	for i := range s.logins {
		l := &s.logins[i]
		c := tuple{netip.MustParseAddrPort(join(l.ClientIP, l.ClientPort)), netip.MustParseAddrPort(join(l.ServerIP, l.ServerPort))}
		flows[c] = append(flows[c], l)
	}
	for _, list := range flows {
		if err := s.compare(list, node(list[0])); err != nil {
			s.errs = append(s.errs, err)
		}
	}
	if err := errors.Join(s.errs...); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", sc.file, err)
	}
	return frames, s.logins, nil
}

func join(ip string, port uint16) string {
	return netip.AddrPortFrom(netip.MustParseAddr(ip), port).String()
}
