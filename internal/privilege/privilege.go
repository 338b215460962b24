// Package privilege gives up what a sensor does not need once its interfaces are
// open: user, capabilities, new programs, files, connections. Its one job is to
// leave CAP_NET_RAW alone (an interface may come back); its invariant is that
// what it says was given up was tried out: a sandbox that silently does nothing
// is worse than none.
package privilege

// Mode says what happens where the kernel cannot give up something.
type Mode string

// The modes. The zero value is Auto.
const (
	Auto     Mode = "auto"     // go on, and say what is missing
	Required Mode = "required" // do not start
	Off      Mode = "off"      // give up nothing but capabilities
)

// Access is what must still be reached.
type Access struct {
	Read  []string // files and folders that are read
	Write []string // folders in which files are made, written and removed
	Ports []uint16 // TCP ports that are connected to
	Bind  []uint16 // TCP ports that are listened on
}

// Add adds what another part of the program needs.
func (a *Access) Add(o Access) {
	a.Read = append(a.Read, o.Read...)
	a.Write = append(a.Write, o.Write...)
	a.Ports = append(a.Ports, o.Ports...)
	a.Bind = append(a.Bind, o.Bind...)
}

// Config says what to give up.
type Config struct {
	Mode   Mode
	Access Access
}

// State is what was given up.
type State struct {
	User       int      // effective user id
	NoNewPrivs bool     // no program started gains rights
	Seccomp    bool     // starting programs, tracing, mounting and the like are refused
	Landlock   int      // version of the kernel's interface that restricts files and connections; 0: not there
	Missing    []string // what could not be given up, and why
}
