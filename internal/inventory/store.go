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
		if s.dirty && len(st.pending) < v.cfg.MaxServers {
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
			err = fmt.Errorf("inventory %s: %w", st.path, errDamaged)
		}
	}()
	db, err := bolt.Open(st.path, 0o600, &bolt.Options{Timeout: lockWait, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("inventory %s: another process holds it", st.path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("inventory %s: it is no inventory, or damaged; move it away to begin a new one", st.path)
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
		return siphash.Key{}, errDamaged
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
		v.servers[s.Key] = s
		v.link(s)
	}
	return nil
}

// Save writes what changed since the last call.
func (st *Store) Save(v *Inventory) error {
	var dirty []*Server
	for _, s := range v.servers {
		if s.dirty {
			dirty = append(dirty, s)
		}
	}
	if len(dirty)+len(st.pending) == 0 {
		return nil
	}
	err := st.with(false, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(serversBucket)
		if err != nil {
			return err
		}
		for _, s := range append(st.pending, dirty...) {
			if err := put(b, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	st.pending = nil
	for _, s := range dirty {
		s.dirty, s.loaded = false, true
	}
	return nil
}

// put writes a server. One that was forgotten and came again is joined with what is
// stored of it first; should the transaction fail, it is written the next time.
func put(b *bolt.Bucket, s *Server) error {
	key := s.Key.encode()
	if old := b.Get(key); old != nil && !s.loaded {
		was, err := decode(key, old)
		if err != nil {
			return err
		}
		s.join(was)
		s.loaded = true
	}
	value, err := s.encode()
	if err != nil {
		return err
	}
	return b.Put(key, value)
}
