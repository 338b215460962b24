//go:build linux

package main

import (
	"bytes"
	"fmt"

	"cleartap/internal/lab"
)

func formatScenes() []scene {
	return []scene{
		{file: "format-big-endian.pcap", shows: "one recording in the form that the name says (raw IP is link type 101, cooked is \"tcpdump -i any\", link type 276, two interfaces are one for each direction; tunnels as a mirror in a cloud or a switch wraps frames)",
			how: "Dovecot, Postfix; curl, Python", play: short, lay: forms, files: formFiles()},
		{file: "rotation/ring_00001.pcap", shows: "a rotation set of three files: one login has its name in the first and its password in the second, another's password is cut by the third",
			how: "Dovecot; a Go program", play: rotated, lay: rotation,
			files: []string{"rotation/ring_00001.pcap", "rotation/ring_00002.pcap", "rotation/ring_00003.pcap"}},
	}
}

func short(s *stage) {
	a := s.account()
	s.run(s.curl(s.url("imap", lab.OpenNode), a, "--login-options", "AUTH=PLAIN"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.python(poplibUser, s.at(lab.OpenNode).String(), "110", a.Name, a.Password), accepted(userPass(a.Name, a.Password)).by(python))
	a = s.account()
	s.run(s.curl(s.url("smtp", lab.OpenNode), a, "--login-options", "AUTH=CRAM-MD5"), accepted(sasl("smtp", "CRAM-MD5", a.Name, a.Password)).by(curl))
}

// formats are the forms of the recording, by file; the name says which it is.
var formats = []struct {
	file string
	form form
}{
	{"format-big-endian.pcap", form{big: true}},
	{"format-nanoseconds.pcap", form{nano: true}},
	{"format-raw-ip.pcap", form{link: 101, strip: bareIP}},
	{"format-cooked.pcap", form{link: 276, strip: cooked}},
	{"format-pcapng.pcapng", form{ng: true}},
	{"format-big-endian-nanoseconds.pcapng", form{ng: true, big: true, nano: true}},
	{"format-two-interfaces.pcapng", form{ng: true, two: true}},
	{"format-gzip.pcap.gz", form{}},
	{"format-zstd.pcapng.zst", form{ng: true}},
	{"tunnel-vxlan.pcap", form{strip: vxlan}},
	{"tunnel-erspan.pcap", form{strip: erspan}},
	{"tunnel-ip-in-ip.pcap", form{strip: ipInIP}},
}

func formFiles() []string {
	var out []string
	for _, f := range formats {
		out = append(out, f.file)
	}
	return out
}

func forms(frames []lab.Frame, logins []login) []recording {
	var out []recording
	for _, f := range formats {
		out = append(out, recording{file: f.file, frames: frames, form: f.form, logins: logins})
	}
	return out
}

func rotated(s *stage) {
	for i := range 3 {
		a := s.account()
		s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
			t.Wait("+OK")
			t.Say("USER " + a.Name)
			t.Wait("+OK")
			half := len(a.Password) / 2
			t.Send("PASS " + a.Password[:half])
			t.Send(a.Password[half:] + "\r\n")
			t.Wait("+OK")
			t.Say("QUIT")
			t.Wait("+OK")
		}, accepted(userPass(a.Name, a.Password)).noted(fmt.Sprintf("login %d of the set", i+1)))
	}
}

// rotation cuts ahead of the second login's PASS, and behind the first half of
// the third's password.
func rotation(frames []lab.Frame, logins []login) []recording {
	var cuts []int
	for i, f := range frames {
		if bytes.Contains(f.Data, []byte("PASS Canary")) {
			cuts = append(cuts, i)
		}
	}
	if len(cuts) != len(logins) || len(cuts) != 3 {
		panic("the rotation set has other logins than were played")
	}
	ends := []int{0, cuts[1], cuts[2] + 1, len(frames)}
	var out []recording
	for i := range 3 {
		out = append(out, recording{file: fmt.Sprintf("rotation/ring_%05d.pcap", i+1), frames: frames[ends[i]:ends[i+1]], logins: logins[i : i+1]})
	}
	return out
}
