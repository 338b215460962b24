// Package health makes the record that tells how a live sensor is, in the frame
// that alerts have. Its one job is the document; its invariant is that it is about
// the sensor alone: no address, no name, no byte of anybody's traffic.
package health

import (
	"encoding/json"
	"time"
)

// Record is one health record: event.kind metric, dataset cleartap.health.
type Record struct {
	Timestamp string   `json:"@timestamp"`
	ECS       ECS      `json:"ecs"`
	Message   string   `json:"message"`
	Event     Event    `json:"event"`
	Observer  Observer `json:"observer"`
	Cleartap  Cleartap `json:"cleartap"`
}

// ECS is the ecs object of ECS.
type ECS struct {
	Version string `json:"version"`
}

// Event is the event object of ECS.
type Event struct {
	Kind    string `json:"kind"`
	Module  string `json:"module"`
	Dataset string `json:"dataset"`
	Created string `json:"created"`
}

// Observer is the observer object of ECS.
type Observer struct {
	Vendor  string `json:"vendor"`
	Product string `json:"product"`
	Type    string `json:"type"`
	Version string `json:"version,omitempty"`
	Name    string `json:"name,omitempty"`
}

// Cleartap holds the fields that ECS has no name for.
type Cleartap struct {
	Health Health `json:"health"`
}

// Health tells how the sensor is. Counters are totals since it began.
type Health struct {
	State         string    `json:"state"` // OK, DEGRADED or BLIND
	Reasons       []string  `json:"reasons,omitempty"`
	Uptime        float64   `json:"uptime"` // seconds
	Packets       uint64    `json:"packets"`
	Bytes         uint64    `json:"bytes"`
	Drops         uint64    `json:"drops"` // by the kernel
	Freezes       uint64    `json:"freezes"`
	Gaps          Gaps      `json:"gaps"`
	Decode        Decode    `json:"decode"`
	Flows         Flows     `json:"flows"`
	Logins        uint64    `json:"logins"`
	Alerts        Alerts    `json:"alerts"`
	Signals       Signals   `json:"signals"`
	Inventory     Inventory `json:"inventory"`
	Memory        Memory    `json:"memory"`
	Queues        []Queue   `json:"queues"`
	Inputs        []Input   `json:"inputs"`
	Sinks         []Sink    `json:"sinks,omitempty"`
	Panics        uint64    `json:"panics"`
	ClockSteps    uint64    `json:"clock_steps"`
	ConfigReloads Reloads   `json:"config"`
	Sandbox       *Sandbox  `json:"sandbox,omitempty"`
}

// Gaps are bytes that the sensor should have seen and did not.
type Gaps struct {
	Count      uint64 `json:"count"`
	Bytes      uint64 `json:"bytes"`
	Interfaces uint64 `json:"interfaces"` // times that an interface went away
}

// Decode tells what became of frames.
type Decode struct {
	Segments         uint64 `json:"segments"`
	Failures         uint64 `json:"failures"`
	Unwanted         uint64 `json:"unwanted"`
	NotTCP           uint64 `json:"not_tcp"`
	FragmentsDropped uint64 `json:"fragments_dropped"`
	Tunnelled        uint64 `json:"tunnelled"`
}

// Flows tells of the connections followed.
type Flows struct {
	Active      int    `json:"active"`
	Open        int    `json:"open"` // that are mail
	Started     uint64 `json:"started"`
	Evicted     uint64 `json:"evicted"`
	EvictedOpen uint64 `json:"evicted_open"` // of these, that were mail
	Expired     uint64 `json:"expired"`
	Half        uint64 `json:"half"`      // whose directions came to different workers
	OneSided    uint64 `json:"one_sided"` // of which one direction was seen
	Midstream   uint64 `json:"midstream"`
	TLS         uint64 `json:"tls"`
}

// Alerts tells what became of findings.
type Alerts struct {
	Sent       uint64 `json:"sent"`
	Suppressed uint64 `json:"suppressed"`
	Excepted   uint64 `json:"excepted"`
	Lost       uint64 `json:"lost"`
}

// Signals tells of what many dialogues show together.
type Signals struct {
	Attacks   uint64 `json:"attacks"`   // that began
	Open      int    `json:"open"`      // that are not over
	Keys      int    `json:"keys"`      // sources, accounts and the like that are remembered
	Forgotten uint64 `json:"forgotten"` // that had to go for want of memory
	Cut       uint64 `json:"cut"`       // attacks that were called over for want of memory
}

// Inventory tells of the mail servers that are known.
type Inventory struct {
	Servers   int    `json:"servers"`
	Forgotten uint64 `json:"forgotten"` // that had to go for want of memory
	Failing   bool   `json:"failing"`   // they, or what the signals learnt, could not be saved at the last try
}

// Memory is in bytes.
type Memory struct {
	Used  int64 `json:"used"`
	Flows int64 `json:"flows"`
	Limit int64 `json:"limit"`
}

// Queue is one bounded queue.
type Queue struct {
	Name string `json:"name"`
	Len  int    `json:"length"`
	Cap  int    `json:"capacity"`
	Lost uint64 `json:"lost"`
}

// Input is one interface, or the two of a tap.
type Input struct {
	Name    string   `json:"name"`
	Away    []string `json:"away,omitempty"`
	Workers int      `json:"workers"`
	Packets uint64   `json:"packets"`
	Drops   uint64   `json:"drops"`
	Idle    float64  `json:"idle"` // seconds since a packet came
}

// Sink is one output.
type Sink struct {
	Name    string `json:"name"`
	Written uint64 `json:"written"`
	Lost    uint64 `json:"lost"`
	Failing bool   `json:"failing"`
}

// Reloads tells how often the configuration was read again.
type Reloads struct {
	Reloaded uint64 `json:"reloaded"`
	Refused  uint64 `json:"refused"`
}

// Sandbox tells what rights were given up, and whether that was proved.
type Sandbox struct {
	User       int  `json:"user"`
	NoNewPrivs bool `json:"no_new_privs"`
	Seccomp    bool `json:"seccomp"`
	Landlock   int  `json:"landlock"` // version of the kernel's interface; 0: not there
}

// New makes a record of a moment.
func New(at time.Time, name, version string, h Health) *Record {
	t := at.UTC().Format("2006-01-02T15:04:05.000000Z")
	return &Record{
		Timestamp: t, ECS: ECS{"8.11.0"}, Message: "sensor is " + h.State,
		Event:    Event{Kind: "metric", Module: "cleartap", Dataset: "cleartap.health", Created: t},
		Observer: Observer{Vendor: "cleartap", Product: "cleartap", Type: "sensor", Version: version, Name: name},
		Cleartap: Cleartap{h},
	}
}

// AppendJSON appends the record as one JSON object, without a line end.
func (r *Record) AppendJSON(dst []byte) []byte {
	b, err := json.Marshal(r)
	if err != nil { // no field can fail
		return dst
	}
	return append(dst, b...)
}
