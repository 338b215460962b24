package spool

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// memDisk is a folder in memory that behaves as a file system may by the
// letter: what was not synced can be lost at a crash, in any order and cut at
// sectors; so can names. It can be full, and have faults at any call.
type memDisk struct {
	mu      sync.Mutex
	names   map[string]*inode // as the program sees them
	stable  map[string]*inode // as they are on the disk for certain
	pending []change          // of names, not synced
	folders map[string]bool
	special map[string]bool // names that are no plain files

	calls int
	fault func(call int, op, name string) error // nil: none
	free  int64                                 // bytes left; negative: no limit
	dies  int                                   // the call at which the power fails; 0: never
}

// change is what one call did to names; it happens whole or not at all.
type change map[string]*inode // nil: the name goes

type inode struct {
	data   []byte  // as the program sees it
	stable []byte  // as it is on the disk for certain
	writes []write // since the last sync
	limbo  []write // before a sync that failed: no later sync brings them to the disk
}

// write is one write; a truncation when data is nil.
type write struct {
	off  int64
	data []byte
}

func newMemDisk() *memDisk {
	return &memDisk{names: map[string]*inode{}, stable: map[string]*inode{}, folders: map[string]bool{}, special: map[string]bool{}, free: -1}
}

func (d *memDisk) call(op, name string) error {
	d.calls++
	if d.dead() {
		return errDead
	}
	if d.fault != nil {
		return d.fault(d.calls, op, name)
	}
	return nil
}

// errDead is what a disk without power answers.
var errDead = errors.New("no power")

func (d *memDisk) dead() bool { return d.dies > 0 && d.calls >= d.dies }

func (d *memDisk) change(c change) {
	for name, node := range c {
		if node == nil {
			delete(d.names, name)
		} else {
			d.names[name] = node
		}
	}
	d.pending = append(d.pending, c)
}

func applyNames(to map[string]*inode, c change) {
	for name, node := range c {
		if node == nil {
			delete(to, name)
		} else {
			to[name] = node
		}
	}
}

func (d *memDisk) list(folder string) ([]entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("list", folder); err != nil {
		return nil, err
	}
	var all []entry
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		in, base := "", name
		if i := strings.IndexByte(name, '/'); i >= 0 {
			in, base = name[:i], name[i+1:]
		}
		if in == folder {
			all = append(all, entry{name: base, size: int64(len(d.names[name].data)), plain: !d.special[name], names: 1})
		}
	}
	return all, nil
}

func (d *memDisk) open(name string) (file, error) { return d.get("open", name) }
func (d *memDisk) edit(name string) (file, error) { return d.get("edit", name) }

func (d *memDisk) get(op, name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call(op, name); err != nil {
		return nil, err
	}
	node := d.names[name]
	if node == nil {
		return nil, fs.ErrNotExist
	}
	if d.special[name] {
		return nil, errPlanted
	}
	return &memFile{d, node, name, 0}, nil
}

func (d *memDisk) create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("create", name); err != nil {
		return nil, err
	}
	if d.names[name] != nil {
		return nil, fs.ErrExist
	}
	if d.free == 0 {
		return nil, syscall.ENOSPC
	}
	node := &inode{}
	d.change(change{name: node})
	return &memFile{d, node, name, 0}, nil
}

func (d *memDisk) mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folders[name] = true
	return d.call("mkdir", name)
}

func (d *memDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("rename", from); err != nil {
		return err
	}
	node := d.names[from]
	if node == nil {
		return fs.ErrNotExist
	}
	d.change(change{from: nil, to: node})
	return nil
}

func (d *memDisk) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("remove", name); err != nil {
		return err
	}
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	if d.free >= 0 {
		d.free += int64(len(d.names[name].data))
	}
	d.change(change{name: nil})
	return nil
}

func (d *memDisk) syncDir(folder string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("syncdir", folder); err != nil {
		return err
	}
	var others []change
	for _, c := range d.pending {
		here := false
		for name := range c {
			here = here || strings.Contains(name, "/") == (folder != "")
		}
		if here {
			applyNames(d.stable, c)
		} else {
			others = append(others, c)
		}
	}
	d.pending = others
	return nil
}

func (d *memDisk) tighten(string) error { return nil }
func (d *memDisk) close() error         { return nil }

// memFile is an open file of it.
type memFile struct {
	d    *memDisk
	node *inode
	name string
	off  int64
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call("read", f.name); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	n, err := f.write("write", p, f.off)
	f.off += int64(n)
	return n, err
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.write("writeat", p, off)
}

func (f *memFile) write(op string, p []byte, off int64) (int, error) {
	err := f.d.call(op, f.name)
	n := len(p)
	switch {
	case errors.Is(err, errDead) && f.d.calls > f.d.dies:
		return 0, err
	case err != nil:
		n /= 3 // part of it may be there
	}
	if grow := off + int64(n) - int64(len(f.node.data)); f.d.free >= 0 && grow > 0 {
		if grow > f.d.free {
			n, err = max(0, n-int(grow-f.d.free)), syscall.ENOSPC
			grow = f.d.free
		}
		f.d.free -= grow
	}
	w := write{off, slices.Clone(p[:n])}
	if n > 0 {
		f.node.data = w.apply(f.node.data)
		f.node.writes = append(f.node.writes, w)
	}
	return n, err
}

func (f *memFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call("truncate", f.name); err != nil {
		return err
	}
	w := write{off: size}
	if f.d.free >= 0 {
		f.d.free += int64(len(f.node.data)) - size
	}
	f.node.data = w.apply(f.node.data)
	f.node.writes = append(f.node.writes, w)
	return nil
}

func (f *memFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call("sync", f.name); err != nil {
		if !f.d.dead() {
			f.node.limbo = append(f.node.limbo, f.node.writes...)
			f.node.writes = nil
		}
		return err
	}
	for _, w := range f.node.writes {
		f.node.stable = w.apply(f.node.stable)
		if w.data == nil { // what was cut off does not come back
			f.node.limbo = slices.DeleteFunc(f.node.limbo, func(l write) bool { return l.off >= w.off })
		}
	}
	f.node.writes = nil
	return nil
}

func (f *memFile) Close() error { return nil }

func (f *memFile) size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.node.data)), nil
}

func (w write) apply(data []byte) []byte {
	end := w.off + int64(len(w.data))
	if w.data == nil {
		if int64(len(data)) > w.off {
			return slices.Clone(data[:w.off])
		}
		end = w.off
	}
	if grow := end - int64(len(data)); grow > 0 {
		data = append(slices.Clone(data), make([]byte, grow)...)
	} else {
		data = slices.Clone(data)
	}
	copy(data[w.off:], w.data)
	return data
}

// crash gives the disk that is found after the power failed.
func (d *memDisk) crash(rng *rand.Rand) *memDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := newMemDisk()
	names := maps.Clone(d.stable)
	keep := len(d.pending)
	if rng.IntN(2) == 0 {
		keep = rng.IntN(len(d.pending) + 1) // a journal: the first ones
	}
	any := rng.IntN(2) == 0 // no journal: any of them
	for i, c := range d.pending {
		if i < keep && !(any && rng.IntN(2) == 0) {
			applyNames(names, c)
		}
	}
	nodes := map[*inode]*inode{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		node := names[name]
		if nodes[node] == nil {
			data := node.afterCrash(rng)
			nodes[node] = &inode{data: data, stable: data}
		}
		next.names[name] = nodes[node]
	}
	next.stable = maps.Clone(next.names)
	return next
}

const sector = 512

// afterCrash is what a crash leaves of a file: all that was synced, and any
// part of the rest.
func (n *inode) afterCrash(rng *rand.Rand) []byte {
	data := slices.Clone(n.stable)
	mode := rng.IntN(5)
	for _, w := range append(slices.Clone(n.limbo), n.writes...) {
		switch mode {
		case 0: // nothing of it
		case 1: // all of it
			data = w.apply(data)
		case 2: // the length, and zeros
			if w.data != nil {
				w.data = make([]byte, len(w.data))
			}
			data = w.apply(data)
		case 3: // whole writes, any
			if rng.IntN(2) == 0 {
				data = w.apply(data)
			}
		case 4: // sectors, any
			if w.data == nil {
				if rng.IntN(2) == 0 {
					data = w.apply(data)
				}
				continue
			}
			for from := int64(0); from < int64(len(w.data)); {
				to := min(int64(len(w.data)), (w.off+from)/sector*sector+sector-w.off)
				if rng.IntN(2) == 0 {
					data = write{w.off + from, w.data[from:to]}.apply(data)
				}
				from = to
			}
		}
	}
	return data
}

// kill gives the disk that is found after the process was killed: all is there.
func (d *memDisk) kill() *memDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := newMemDisk()
	next.names, next.free = maps.Clone(d.names), d.free
	next.stable, next.pending = d.stable, d.pending
	return next
}

// put plants a file.
func (d *memDisk) put(name string, data []byte) {
	d.names[name] = &inode{data: data, stable: data}
	d.stable[name] = d.names[name]
}

func (d *memDisk) content(name string) []byte {
	if d.names[name] == nil {
		return nil
	}
	return d.names[name].data
}

// copyOf gives a disk with the same files, that can be changed on its own.
func (d *memDisk) copyOf() *memDisk {
	next := newMemDisk()
	for name, node := range d.names {
		next.put(name, slices.Clone(node.data))
	}
	return next
}

func (d *memDisk) segments() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		if _, ok := segmentNumber(name); ok {
			all = append(all, name)
		}
	}
	return all
}

// The model itself: what was synced survives, what was not may not.
func TestMemDiskLosesOnlyWhatWasNotSynced(t *testing.T) {
	lost, torn := 0, 0
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := newMemDisk()
		f, _ := d.create("a")
		f.Write([]byte("synced"))
		f.Sync()
		d.syncDir("")
		f.Write(make([]byte, 2000))
		d.create("b")
		after := d.crash(rng)
		if got := string(after.content("a")); !strings.HasPrefix(got, "synced") {
			t.Fatalf("seed %d: the synced part is %q", seed, got)
		}
		if n := len(after.content("a")); n == 6 {
			lost++
		} else if n < 2006 {
			torn++
		}
	}
	if lost == 0 || torn == 0 {
		t.Fatalf("lost %d times, torn %d times: the model is too kind", lost, torn)
	}
}

var _ fsys = (*memDisk)(nil)

func (d *memDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}
