package inventory

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"cleartap/detectors/siphash"
)

// The buckets and keys of a store.
var (
	serversBucket = []byte("servers")
	metaBucket    = []byte("meta")
	formatKey     = []byte("format")
	sketchKey     = []byte("key")
)

// format is that of the records.
const format = 1

// lockWait is how long another process may hold the store: a sensor does so only while
// it saves.
const lockWait = 5 * time.Second

// mostPending is how many servers that were forgotten may wait to be saved.
const mostPending = 4096

// Store keeps an inventory in a file. The file is open only while something is loaded
// or saved, so that others can read it.
type Store struct {
	path    string
	pending []*Server // forgotten by the inventory, not saved yet
}

// OpenStore loads the inventory in a file into v, which must be empty, and keeps what v
// learns from then on. A file that is not there is made; one that is damaged is an error.
func OpenStore(path string, v *Inventory) (*Store, error) {
	st := &Store{path: path}
	err := st.with(false, func(tx *bolt.Tx) error {
		key, err := prepare(tx)
		if err != nil {
			return err
		}
		v.key = key
		return load(tx, v)
	})
	if err != nil {
		return nil, err
	}
	v.evicted = func(s *Server) {
		if s.dirty && len(st.pending) < mostPending {
			st.pending = append(st.pending, s)
		}
	}
	return st, nil
}

// Read loads the inventory in a file, which is not changed.
func Read(path string, v *Inventory) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("open the inventory: %w", err)
	}
	st := &Store{path: path}
	return st.with(true, func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if meta == nil {
			return errors.New("it holds no inventory")
		}
		key, err := readMeta(meta)
		if err != nil {
			return err
		}
		v.key = key
		return load(tx, v)
	})
}

// with opens the file for a transaction.
func (st *Store) with(readOnly bool, do func(*bolt.Tx) error) (err error) {
	// At some kinds of damage the library panics, or reads where the mapped file has no byte.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("inventory %s: %w", st.path, ErrDamaged)
		}
	}()
	db, err := bolt.Open(st.path, 0o600, &bolt.Options{Timeout: lockWait, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("inventory %s: another process holds it", st.path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch): // never moved away: it is somebody's
		return fmt.Errorf("inventory %s: it is no inventory, or damaged; move it away to begin a new one", st.path)
	case errors.Is(err, berrors.ErrChecksum):
		return fmt.Errorf("inventory %s: %w; move it away to begin a new one", st.path, ErrDamaged)
	case errors.Is(err, fs.ErrPermission), err != nil:
		return fmt.Errorf("open the inventory: %w", err)
	}
	run := db.Update
	if readOnly {
		run = db.View
	}
	if err := run(do); err != nil {
		return errors.Join(fmt.Errorf("inventory %s: %w", st.path, err), db.Close())
	}
	return db.Close()
}

// prepare makes a new store, or reads what an old one is.
func prepare(tx *bolt.Tx) (siphash.Key, error) {
	if _, err := tx.CreateBucketIfNotExists(serversBucket); err != nil {
		return siphash.Key{}, err
	}
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return siphash.Key{}, err
	}
	if meta.Get(formatKey) == nil {
		var key [16]byte
		if _, err := rand.Read(key[:]); err != nil {
			return siphash.Key{}, err
		}
		if err := errors.Join(meta.Put(formatKey, []byte{format}), meta.Put(sketchKey, key[:])); err != nil {
			return siphash.Key{}, err
		}
	}
	return readMeta(meta)
}

func readMeta(meta *bolt.Bucket) (siphash.Key, error) {
	if f := meta.Get(formatKey); len(f) != 1 || f[0] != format {
		return siphash.Key{}, errors.New("it is of another version of cleartap")
	}
	key := meta.Get(sketchKey)
	if len(key) != 16 {
		return siphash.Key{}, ErrDamaged
	}
	return siphash.Key{K0: binary.BigEndian.Uint64(key), K1: binary.BigEndian.Uint64(key[8:])}, nil
}

// load reads all servers, the ones that were seen last if there are too many.
func load(tx *bolt.Tx, v *Inventory) error {
	b := tx.Bucket(serversBucket)
	if b == nil {
		return nil
	}
	var all []*Server
	err := b.ForEach(func(k, value []byte) error {
		s, err := decode(k, value)
		if err != nil {
			return err
		}
		s.loaded = true
		all = append(all, s)
		return nil
	})
	if err != nil {
		return err
	}
	byLast(all)
	for _, s := range all[max(0, len(all)-v.cfg.MaxServers):] {
		v.keep(s)
	}
	return nil
}

// Save writes what changed since the last call.
func (st *Store) Save(v *Inventory) error {
	b, err := st.Begin(v)
	if err != nil || b == nil {
		return err
	}
	return st.End(b, b.Write())
}

// Batch is what is to be saved at a time: Begin and End are for the inventory's
// goroutine, Write, which waits for the disk, may run on another one in between.
type Batch struct {
	store *Store
	items []item
}

// item is one server of a batch.
type item struct {
	server     *Server
	key, value []byte
	fresh      bool    // it was not loaded: something of it may be stored already
	was        *Server // that
}

// Begin gives what changed since the last batch, nil if nothing did.
func (st *Store) Begin(v *Inventory) (*Batch, error) {
	all := st.pending
	for _, s := range v.servers {
		if s.dirty {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // nothing to do is no fault
	}
	b := &Batch{store: st}
	for _, s := range all {
		value, err := s.encode()
		if err != nil {
			return nil, err
		}
		b.items = append(b.items, item{server: s, key: s.Key.encode(), value: value, fresh: !s.loaded})
	}
	for _, s := range all {
		s.dirty = false
	}
	st.pending = nil
	return b, nil
}

// Write writes the batch.
func (b *Batch) Write() error {
	return b.store.with(false, func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(serversBucket)
		if err != nil {
			return err
		}
		for i := range b.items {
			if err := b.items[i].put(bucket); err != nil {
				return err
			}
		}
		return nil
	})
}

// put writes a server. One that was forgotten and came again is joined with what is
// stored of it.
func (it *item) put(bucket *bolt.Bucket) error {
	old := bucket.Get(it.key)
	if old == nil || !it.fresh {
		return bucket.Put(it.key, it.value)
	}
	var err error
	if it.was, err = decode(it.key, old); err != nil {
		return err
	}
	both, err := decode(it.key, it.value)
	if err != nil {
		return err
	}
	both.join(it.was)
	value, err := both.encode()
	if err != nil {
		return err
	}
	return bucket.Put(it.key, value)
}

// End takes how writing went. What could not be written is written the next time.
func (st *Store) End(b *Batch, err error) error {
	for i := range b.items {
		it := &b.items[i]
		s := it.server
		switch {
		case err != nil:
			s.dirty = true
			if !s.kept {
				st.pending = append(st.pending, s)
			}
		case it.fresh:
			if it.was != nil {
				s.join(it.was)
			}
			s.loaded = true
		}
	}
	return err
}
