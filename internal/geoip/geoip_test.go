package geoip

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// write makes a file with one network.
func write(t *testing.T, path, network string, entry mmdbtype.Map) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Insert(n, entry); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func city(country, name string) mmdbtype.Map {
	english := func(s string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(s), "de": mmdbtype.String("x")}}
	}
	return mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}, "city": english(name),
		"subdivisions": mmdbtype.Slice{english("Somewhere")}, "location": mmdbtype.Map{"latitude": mmdbtype.Float64(1.5), "longitude": mmdbtype.Float64(-2)}}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	places, owners := filepath.Join(dir, "city.mmdb"), filepath.Join(dir, "asn.mmdb")
	write(t, places, "192.0.2.0/24", city("AT", "Vienna"))
	write(t, owners, "192.0.2.0/25", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example Net")})
	db, err := Open(places, owners)
	if err != nil {
		t.Fatal(err)
	}
	want := Place{Country: "AT", Region: "Somewhere", City: "Vienna", ASN: 64500, Owner: "Example Net", Latitude: 1.5, Longitude: -2, Located: true}
	for _, a := range []string{"192.0.2.1", "::ffff:192.0.2.1"} {
		if got := db.Lookup(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %+v", a, got)
		}
	}
	if got := db.Lookup(netip.MustParseAddr("192.0.2.200")); got.Country != "AT" || got.Owner != "" {
		t.Errorf("%+v", got)
	}
	for _, a := range []string{"198.51.100.1", "2001:db8::1"} {
		if got := db.Lookup(netip.MustParseAddr(a)); got != (Place{}) {
			t.Errorf("%s: %+v", a, got)
		}
	}
	if (*DB)(nil).Lookup(netip.MustParseAddr("192.0.2.1")) != (Place{}) || (&DB{}).Lookup(netip.Addr{}) != (Place{}) {
		t.Error("without files something is known")
	}
}

// A file is replaced while others look up; a damaged one leaves the old one in place.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	write(t, path, "192.0.2.0/24", city("AT", "Vienna"))
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddr("192.0.2.1")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if c := db.Lookup(a).Country; c != "AT" && c != "CH" {
					t.Errorf("country %q", c)
					return
				}
			}
		})
	}
	replace := func(content func(string), age time.Duration) {
		next := path + ".new"
		content(next)
		at := time.Now().Add(age)
		if err := os.Chtimes(next, at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	replace(func(p string) { write(t, p, "192.0.2.0/24", city("CH", "Bern")) }, time.Hour)
	if changed, err := db.Reload(); !changed || err != nil || db.Lookup(a).City != "Bern" {
		t.Errorf("changed %t, %v, %+v", changed, err, db.Lookup(a))
	}
	if changed, err := db.Reload(); changed || err != nil {
		t.Errorf("read again for nothing: %t, %v", changed, err)
	}
	replace(func(p string) { _ = os.WriteFile(p, []byte("not a file of this kind"), 0o600) }, 2*time.Hour)
	if changed, err := db.Reload(); changed || err == nil || !strings.Contains(err.Error(), path) || db.Lookup(a).City != "Bern" {
		t.Errorf("a damaged file: changed %t, %v, %+v", changed, err, db.Lookup(a))
	}
	close(stop)
	wg.Wait()
	if _, err := Open(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a file that is not there is opened")
	}
}
