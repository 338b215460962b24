//go:build linux

package livetest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// play runs this program in a role of a test, in a namespace that the test chose.
func play(role string, args []string) {
	var err error
	switch role {
	case "server":
		err = serveMail()
	case "client":
		err = logIn(args)
	case "guess":
		err = guess(args)
	case "replay":
		err = replay(args)
	case "tunnel":
		err = encapsulate(args)
	case "write":
		err = writeFlood(args)
	case "flood":
		err = flood(args)
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, role, err)
		os.Exit(1)
	}
}

// serveMail answers POP3 on port 110 with +OK, to a password that is "wrong" with -ERR.
func serveMail() error {
	l, err := net.Listen("tcp", ":110")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			fmt.Fprint(c, "+OK ready\r\n")
			for in := bufio.NewScanner(c); in.Scan(); {
				line := in.Text()
				if strings.HasPrefix(line, "PASS wrong") {
					fmt.Fprint(c, "-ERR no\r\n")
				} else {
					fmt.Fprint(c, "+OK\r\n")
				}
				if line == "QUIT" {
					return
				}
			}
		}()
	}
}

// logIn logs in: NAME COUNT EVERY [SOURCES]. Users are NAME0, NAME1 and so on; every third
// password is wrong. With SOURCES, so many addresses take turns, from 10.9.0.11 on.
func logIn(args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	every, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	sources := 0
	if len(args) > 3 {
		if sources, err = strconv.Atoi(args[3]); err != nil {
			return err
		}
	}
	for i := range count {
		var from net.Addr
		if sources > 0 {
			from = &net.TCPAddr{IP: net.IPv4(10, 9, 0, byte(11+i%sources))}
		}
		if err := login(from, args[0]+strconv.Itoa(i), i%3 == 2); err != nil {
			return err
		}
		time.Sleep(every)
	}
	return nil
}

// guess tries to log in as NAME with a wrong password, COUNT times.
func guess(args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for range count {
		if err := login(nil, args[0], true); err != nil {
			return err
		}
	}
	return nil
}

func login(from net.Addr, name string, wrong bool) error {
	d := net.Dialer{LocalAddr: from, Timeout: 5 * time.Second}
	c, err := d.Dial("tcp", "10.9.0.2:110")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	pass := "Canary-" + name
	if wrong {
		pass = "wrong-" + pass
	}
	for _, say := range []string{"", "USER " + name, "PASS " + pass, "QUIT"} {
		if say != "" {
			fmt.Fprintf(c, "%s\r\n", say)
		}
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}
