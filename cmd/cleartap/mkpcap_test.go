package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"cleartap/capture"
)

// mkpcap is a command of the test scripts: mkpcap OUT DIALOGUE... writes a
// capture of dialogues, one connection each, one after the other. A dialogue has
// a line for each segment:
//
//	at 2026-11-22T10:00:00Z         time of the first packet; a millisecond between packets
//	from 10.1.0.7:40001 to 192.0.2.25:143
//	S: * OK ready                   what the server says
//	C: a1 LOGIN alice secret        what the client says
//	open                            the capture ends before the connection does
func mkpcap() {
	if len(os.Args) < 3 {
		fatal("usage: mkpcap OUT DIALOGUE...")
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		fatal(err)
	}
	w, err := capture.NewWriter(out, capture.LinkEthernet)
	if err != nil {
		fatal(err)
	}
	for _, path := range os.Args[2:] {
		in, err := os.Open(path)
		if err != nil {
			fatal(err)
		}
		if err := writeDialogue(w, in); err != nil {
			fatal(path, ": ", err)
		}
	}
	if err := out.Close(); err != nil {
		fatal(err)
	}
}

func fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}

// side is one end of a connection that is being written.
type side struct {
	at  netip.AddrPort
	seq uint32
}

type dialogueWriter struct {
	w    *capture.Writer
	now  time.Time
	ends [2]side // client, server
}

func writeDialogue(w *capture.Writer, in io.Reader) error {
	d := &dialogueWriter{w: w, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	open := false
	for lines := bufio.NewScanner(in); lines.Scan(); {
		line := lines.Text()
		kind, rest, _ := strings.Cut(line, " ")
		var err error
		switch kind {
		case "", "#":
		case "at":
			d.now, err = time.Parse(time.RFC3339, rest)
		case "from":
			err = d.connect(rest)
		case "C:":
			err = d.send(0, rest+"\r\n", true)
		case "S:":
			err = d.send(1, rest+"\r\n", true)
		case "open":
			open = true
		default:
			err = fmt.Errorf("no such line: %q", line)
		}
		if err != nil {
			return err
		}
	}
	if open {
		return nil
	}
	for from := range 2 {
		if err := d.segment(from, func(t *layers.TCP) { t.FIN, t.ACK = true, true }, ""); err != nil {
			return err
		}
		d.ends[from].seq++
	}
	return nil
}

func (d *dialogueWriter) connect(line string) error {
	from, to, _ := strings.Cut(line, " to ")
	var err error
	for i, s := range []string{from, to} {
		if d.ends[i].at, err = netip.ParseAddrPort(s); err != nil {
			return err
		}
		d.ends[i].seq = uint32(1000 * (i + 1))
	}
	for i, set := range []func(*layers.TCP){func(t *layers.TCP) { t.SYN = true }, func(t *layers.TCP) { t.SYN, t.ACK = true, true }} {
		if err := d.segment(i, set, ""); err != nil {
			return err
		}
		d.ends[i].seq++
	}
	return d.send(0, "", true)
}

func (d *dialogueWriter) send(from int, text string, ack bool) error {
	err := d.segment(from, func(t *layers.TCP) { t.ACK = ack }, text)
	d.ends[from].seq += uint32(len(text))
	return err
}

func (d *dialogueWriter) segment(from int, set func(*layers.TCP), text string) error {
	a, b := &d.ends[from], &d.ends[1-from]
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(from)}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(1 - from)}}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(a.at.Port()), DstPort: layers.TCPPort(b.at.Port()), Seq: a.seq, Ack: b.seq, Window: 8192}
	set(tcp)
	var ip gopacket.SerializableLayer
	if a.at.Addr().Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: a.at.Addr().AsSlice(), DstIP: b.at.Addr().AsSlice()}
		eth.EthernetType, ip = layers.EthernetTypeIPv4, v4
		if err := tcp.SetNetworkLayerForChecksum(v4); err != nil {
			return err
		}
	} else {
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: a.at.Addr().AsSlice(), DstIP: b.at.Addr().AsSlice()}
		eth.EthernetType, ip = layers.EthernetTypeIPv6, v6
		if err := tcp.SetNetworkLayerForChecksum(v6); err != nil {
			return err
		}
	}
	buf := gopacket.NewSerializeBuffer()
	opt := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opt, eth, ip, tcp, gopacket.Payload(text)); err != nil {
		return err
	}
	d.now = d.now.Add(time.Millisecond)
	return d.w.Write(capture.Nanos(d.now.UnixNano()), buf.Bytes(), len(buf.Bytes()))
}
