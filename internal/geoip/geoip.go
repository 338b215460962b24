// Package geoip tells where an address is, from files in MaxMind's format that the
// user has: country and city, and the network's owner. Its one job is the look-up; its
// invariant is that a file which is being replaced never disturbs it: a file is read
// whole, checked, and put in the place of the old one at once.
package geoip

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// MaxFile is how large a file may be, in bytes: City for the whole world has 60 MiB.
const MaxFile = 512 << 20

// Place is where an address is. What is not known is empty.
type Place struct {
	Country string // two letters
	Region  string
	City    string
	ASN     uint32
	Owner   string // of the autonomous system
	// Latitude and Longitude are in degrees; Located says that they are known.
	Latitude, Longitude float64
	Located             bool
}

// DB holds files. It may be used by several goroutines. The zero value, and nil, know nothing.
type DB struct {
	paths []string
	files []atomic.Pointer[file]
}

type file struct {
	reader *maxminddb.Reader
	stamp  stamp
}

// stamp tells a file from the one that was there before.
type stamp struct {
	modified time.Time
	size     int64
}

// Open reads files, each for what it has: country, city, or owners.
func Open(paths ...string) (*DB, error) {
	db := &DB{paths: paths, files: make([]atomic.Pointer[file], len(paths))}
	_, err := db.Reload()
	return db, err
}

// Reload reads the files that changed, and says whether there were any. One that
// cannot be read leaves the old one in place.
func (db *DB) Reload() (changed bool, err error) {
	if db == nil {
		return false, nil
	}
	var errs []error
	for i, path := range db.paths {
		old := db.files[i].Load()
		f, err := load(path, old)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("read %s: %w", path, err))
		case f != old:
			db.files[i].Store(f)
			changed = true
		}
	}
	return changed, errors.Join(errs...)
}

// load reads a file, or gives old if it did not change since.
func load(path string, old *file) (*file, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such file")
	case errors.Is(err, fs.ErrPermission):
		return nil, errors.New("permission denied")
	case err != nil:
		return nil, err
	}
	now := stamp{st.ModTime(), st.Size()}
	if old != nil && old.stamp == now {
		return old, nil
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file: want a file in MaxMind's format (.mmdb)")
	}
	data, err := read(path, MaxFile)
	if errors.Is(err, fs.ErrPermission) {
		return nil, errors.New("permission denied")
	}
	if err != nil {
		return nil, err
	}
	r, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	return &file{reader: r, stamp: now}, nil
}

// read reads a file of at most most bytes, whatever its size is said to be.
func read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular(): // it took the place of the one that was looked at
		return nil, errors.New("not a regular file")
	case st.Size() > most:
		return nil, fmt.Errorf("%d bytes are more than a file of this kind has (%d)", st.Size(), most)
	}
	data := make([]byte, st.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// record is what is read of an entry of any of the usual files.
type record struct {
	Country struct {
		ISO string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Subdivisions []struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
	ASN   uint32 `maxminddb:"autonomous_system_number"`
	Owner string `maxminddb:"autonomous_system_organization"`
}

// Lookup tells where an address is.
func (db *DB) Lookup(a netip.Addr) (p Place) {
	if db == nil || !a.IsValid() {
		return p
	}
	a = a.Unmap().WithZone("")
	for i := range db.files {
		f := db.files[i].Load()
		if f == nil {
			continue
		}
		var r record
		if f.reader.Lookup(a).Decode(&r) != nil {
			continue // of an entry that is damaged nothing is known
		}
		p.add(&r)
	}
	return p
}

// add fills in what a record has.
func (p *Place) add(r *record) {
	if r.Country.ISO != "" {
		p.Country = r.Country.ISO
	}
	if n := r.City.Names["en"]; n != "" {
		p.City = n
	}
	if len(r.Subdivisions) > 0 && r.Subdivisions[0].Names["en"] != "" {
		p.Region = r.Subdivisions[0].Names["en"]
	}
	if l := &r.Location; l.Latitude != nil && l.Longitude != nil {
		p.Latitude, p.Longitude, p.Located = *l.Latitude, *l.Longitude, true
	}
	if r.ASN != 0 {
		p.ASN, p.Owner = r.ASN, r.Owner
	}
}
