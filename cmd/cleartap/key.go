package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxKey is the most that a key file may hold, in bytes.
const maxKey = 4096

// readKey reads the key of pseudonyms. A line end at the end is not part of it.
// A file that others may read or change is refused: who has the key has the names.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage("--pseudonym-key %s: %s", path, reason(err))
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, usage("--pseudonym-key %s: %s", path, reason(err))
	}
	if st.IsDir() {
		return nil, usage("--pseudonym-key %s is a folder", path)
	}
	if st.Mode().IsRegular() && st.Mode().Perm()&0o037 != 0 && permissionsMatter {
		return nil, usage("--pseudonym-key %s: others than its owner may use the file (mode %04o): chmod 600 %s", path, st.Mode().Perm(), path)
	}
	key, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err != nil {
		return nil, usage("--pseudonym-key %s: %s", path, reason(err))
	}
	if len(key) > maxKey {
		return nil, usage("--pseudonym-key %s: more than %d bytes: this is no key", path, maxKey)
	}
	key = bytes.TrimSuffix(bytes.TrimSuffix(key, []byte("\n")), []byte("\r"))
	if len(key) == 0 {
		return nil, usage("--pseudonym-key %s: the file is empty", path)
	}
	return key, nil
}

// reason is an error of the file system without the path, which the message
// has already.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	if le := (*os.LinkError)(nil); errors.As(err, &le) {
		return le.Err.Error()
	}
	return err.Error()
}
