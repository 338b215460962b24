package main

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/capture/afpacket"
	"cleartap/capture/kernelfilter"
	"cleartap/detectors/all"
	"cleartap/internal/config"
	"cleartap/internal/privilege"
	"cleartap/internal/sensor"
)

// sensorConfig makes the sensor's configuration.
func sensorConfig(l *config.Loaded) (sensor.LiveConfig, error) {
	filter, err := kernelFilter(l)
	if err != nil {
		return sensor.LiveConfig{}, err
	}
	share, err := kernelfilter.Fanout(!l.Capture.Tunnels)
	if err != nil {
		return sensor.LiveConfig{}, err
	}
	ports, err := capture.ParsePorts(l.Capture.Ports)
	if err != nil {
		return sensor.LiveConfig{}, err
	}
	c := sensor.LiveConfig{
		Config: sensor.Config{
			MaxMemory: int64(l.Limits.Memory), Ports: ports, Nets: config.Prefixes(l.Capture.Net), ExcludeNets: config.Prefixes(l.Capture.ExcludeNet),
			OutcomeWait: time.Duration(l.Detect.OutcomeWait), Protocols: all.Protocols(), Marks: secretMarks(l.Signals.SecretMarks),
		},
		Workers: l.Capture.Workers, NoTunnels: !l.Capture.Tunnels, Queue: l.Limits.Queue, StatsInterval: time.Duration(l.Health.Interval),
		Open: func(t sensor.Tap) (capture.Live, error) { return openTap(l, filter, share, t) },
	}
	if l.Capture.Method == "libpcap" {
		c.Workers = 1 // it cannot share an interface's frames
	}
	for _, in := range l.Capture.Interfaces {
		c.Inputs = append(c.Inputs, strings.Split(in, "+"))
	}
	return c, nil
}

// openTap opens a socket for one worker; share says which of them gets a frame.
func openTap(l *config.Loaded, filter, share []bpf.RawInstruction, t sensor.Tap) (capture.Live, error) {
	if l.Capture.Method == "libpcap" {
		return openLibpcap(l, filter, t)
	}
	return afpacket.Open(afpacket.Config{
		Interfaces: t.Interfaces, Ring: int(l.Capture.Ring), BlockTimeout: time.Duration(l.Capture.BlockTimeout), Promiscuous: l.Capture.Promiscuous,
		Filter: filter, MustFilter: l.Capture.BPF != "" || l.Capture.BPFFile != "", Fanout: t.Fanout, Share: share, Event: t.Event,
	})
}

// openFault says why an interface of l could not be opened, and what helps.
func openFault(l *config.Loaded, err error) error {
	if afpacket.Denied(err) {
		return &outcome{exitFailed, fmt.Sprintf("%s\n%s", err, privilege.Hint())}
	}
	hint := ""
	for _, name := range strings.FieldsFunc(strings.Join(l.Capture.Interfaces, "+"), func(r rune) bool { return r == '+' }) {
		hint = cmp.Or(hint, nearestInterface(name))
	}
	return &outcome{exitFailed, fmt.Sprintf("%s%s", err, hinted(hint, "cleartap interfaces lists what there is"))}
}

// nearestInterface gives a hint at the interface that was meant by a name that none has.
func nearestInterface(name string) string {
	list, err := net.Interfaces()
	if err != nil {
		return ""
	}
	var names []string
	for _, i := range list {
		if i.Name == name {
			return ""
		}
		names = append(names, i.Name)
	}
	return config.Nearest(name, names)
}
