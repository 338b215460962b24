// Package config reads the configuration: a YAML file, the environment and flags,
// in this order, the last one wins. Its one job is to turn text into one checked
// value and to remember where each part of it came from; its invariant is that
// nothing is passed over in silence: an unknown key, a wrong value, a key given
// twice is an error that names file, line and the name that was probably meant.
package config

// Config is everything that can be set. Default gives the documented defaults.
type Config struct {
	Sensor     Sensor      `yaml:"sensor"`
	Capture    Capture     `yaml:"capture"`
	Limits     Limits      `yaml:"limits"`
	Detect     Detect      `yaml:"detect"`
	Signals    Signals     `yaml:"signals"`
	Inventory  Inventory   `yaml:"inventory"`
	Privacy    Privacy     `yaml:"privacy"`
	Alerts     Alerts      `yaml:"alerts"`
	Exceptions []Exception `yaml:"exceptions"`
	Outputs    []Output    `yaml:"outputs"`
	Spool      Spool       `yaml:"spool"`
	Health     Health      `yaml:"health"`
	Process    Process     `yaml:"process"`
	Log        Log         `yaml:"log"`
}

// Sensor says who speaks.
type Sensor struct {
	Name string `yaml:"name"` // observer.name; empty: the host's name
}

// Capture says where to listen, and to what.
type Capture struct {
	Interfaces   []string `yaml:"interfaces"` // "eth1", or "eth1+eth2" for the outputs of a tap
	Method       string   `yaml:"method"`     // afpacket or libpcap
	Ring         Size     `yaml:"ring"`
	BlockTimeout Duration `yaml:"block_timeout"`
	Workers      int      `yaml:"workers"` // 0: one for two cores
	Snaplen      int      `yaml:"snaplen"` // 0: whole frames
	Promiscuous  bool     `yaml:"promiscuous"`
	Ports        string   `yaml:"ports"`
	Net          []Net    `yaml:"net"`
	ExcludeNet   []Net    `yaml:"exclude_net"`
	BPF          string   `yaml:"bpf"`
	BPFFile      string   `yaml:"bpf_file"`
	Tunnels      bool     `yaml:"tunnels"`
}

// Limits say what may be used.
type Limits struct {
	Memory Size `yaml:"memory"`
	Queue  int  `yaml:"queue"`
}

// Detect says how long to wait for what.
type Detect struct {
	OutcomeWait Duration `yaml:"outcome_wait"`
}

// Signals say from when on many logins together are told.
type Signals struct {
	SecretMarks        bool     `yaml:"secret_marks"`
	BruteFailures      int      `yaml:"brute_failures"`
	BruteWindow        Duration `yaml:"brute_window"`
	MarkedFailures     int      `yaml:"marked_failures"`
	MarkedSecrets      int      `yaml:"marked_secrets"`
	SteadyGap          Duration `yaml:"steady_gap"`
	SprayAccounts      int      `yaml:"spray_accounts"`
	SprayWindow        Duration `yaml:"spray_window"`
	SprayTries         int      `yaml:"spray_tries"`
	StuffingAccounts   int      `yaml:"stuffing_accounts"`
	GatewayAccounts    int      `yaml:"gateway_accounts"`
	GatewayRaised      int      `yaml:"gateway_raised"`
	GatewayPercent     int      `yaml:"gateway_percent"`
	DistributedSources int      `yaml:"distributed_sources"`
	DistributedWindow  Duration `yaml:"distributed_window"`
	SlowThreshold      int      `yaml:"slow_threshold"`
	StaleFailures      int      `yaml:"stale_failures"`
	OverAfter          Duration `yaml:"over_after"`
	Probes             int      `yaml:"probes"`
	ProbeWindow        Duration `yaml:"probe_window"`
	BaselineSessions   int      `yaml:"baseline_sessions"`
	BaselineAge        Duration `yaml:"baseline_age"`
	FallbackWindow     Duration `yaml:"fallback_window"`
	GeoIP              []string `yaml:"geoip"` // files in MaxMind's format
	State              string   `yaml:"state"` // file that outlives the process; empty: StateFile's choice; "none"
}

// Inventory says where the servers that are seen are kept.
type Inventory struct {
	Path string   `yaml:"path"` // file; empty: StateFile's choice; "none": in memory
	Save Duration `yaml:"save"` // the longest that what was seen waits for the disk
}

// Privacy says how much of people alerts show.
type Privacy struct {
	Usernames        string `yaml:"usernames"`
	Clients          string `yaml:"clients"`
	PseudonymKeyFile string `yaml:"pseudonym_key_file"`
	HomeNet          []Net  `yaml:"home_net"`
}

// Alerts say how often the same is told.
type Alerts struct {
	Suppress Duration `yaml:"suppress"`
	Rate     int      `yaml:"rate"` // a second
	RuleBase string   `yaml:"rule_base"`
}

// Exception silences alerts that are known, for a reason and for a time. Of the
// lists that are not empty, each must hold.
type Exception struct {
	Servers  []Net    `yaml:"servers"`
	Clients  []Net    `yaml:"clients"`
	Accounts []Glob   `yaml:"accounts"`
	Rules    []string `yaml:"rules"`
	Reason   string   `yaml:"reason"`
	Until    Date     `yaml:"until"`
}

// Spool says where alerts wait for outputs that acknowledge them.
type Spool struct {
	Dir     string   `yaml:"dir"`
	MaxSize Size     `yaml:"max_size"`
	OnFull  string   `yaml:"on_full"` // drop_newest or drop_oldest
	Sync    Duration `yaml:"sync"`    // the longest that an alert waits for the disk
}

// Health says how often the sensor tells how it is.
type Health struct {
	Interval Duration `yaml:"interval"`
}

// Process says how the program runs.
type Process struct {
	User    string `yaml:"user"`
	Sandbox string `yaml:"sandbox"` // auto, required or off
	Nice    int    `yaml:"nice"`    // the lower, the sooner it runs; 0: as it was started
}

// Log says what is told on standard error.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}
