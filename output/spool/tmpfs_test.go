//go:build linux

package spool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// T5 on a real file system that is really full, of bytes and of inodes: a tmpfs
// in a mount namespace of its own.
func TestFullTmpfs(t *testing.T) {
	for _, options := range []string{"size=8m", "size=64m,nr_inodes=12", "size=1m"} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullTmpfsChild$", "-test.v", "-test.timeout=100s")
		cmd.Env = append(os.Environ(), "SPOOL_TMPFS="+options, "SPOOL_CHILD_DIR="+dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
		}
		out, err := cmd.CombinedOutput()
		switch {
		case err != nil && (os.IsPermission(err) || strings.Contains(string(out), "cannot mount")):
			t.Logf("%s: a tmpfs cannot be mounted here: left out; TestDiskFullAndBack has the same without it", options)
		case err != nil || !strings.Contains(string(out), "went through"):
			t.Errorf("%s: %v\n%s", options, err, out)
		default:
			t.Logf("%s: %s", options, out)
		}
	}
}

// TestFullTmpfsChild is the child of TestFullTmpfs, and does nothing by itself.
func TestFullTmpfsChild(t *testing.T) {
	dir, options := os.Getenv("SPOOL_CHILD_DIR"), os.Getenv("SPOOL_TMPFS")
	if options == "" {
		return
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal("cannot mount: ", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Fatal("cannot mount: ", err)
	}
	told := uint64(0)
	c := Config{SegmentBytes: 512 << 10, QueueRecords: 500, SyncEvery: time.Millisecond, Event: func(e Event) {
		if e.Kind == Lost {
			told += e.Records
		}
	}}
	if options == "size=1m" { // in memory, and in a segment, there is room for more than on the disk
		c.SegmentBytes, c.QueueRecords = 8<<20, 4000
	}
	s := realSpool(t, filepath.Join(dir, "spool"), c)
	var accepted, got []uint64
	refused := uint64(0)
	next := uint64(0)
	some := func(n int) {
		for range n {
			if s.Append(payload(next, 1000), false) {
				accepted = append(accepted, next)
			} else {
				refused++
			}
			next++
		}
	}
	for round := range uint64(3) {
		wait(t, "the disk is full", func() bool { some(200); return s.Stats().WriteFailing })
		some(2 * c.QueueRecords)
		if st := s.Stats(); st.Lost[LostDisk] == 0 || st.Lost.Sum() != refused {
			t.Fatalf("round %d: refused %d, counted %v", round, refused, st.Lost)
		}
		wait(t, "there is room again", func() bool {
			got = append(got, numbers(t, drain(t, s, "a"))...)
			return !s.Stats().WriteFailing && s.Stats().Waiting == 0
		})
	}
	got = append(got, numbers(t, drain(t, s, "a"))...)
	same(t, "read", got, accepted)
	closeSpool(t, s)
	if told != refused || refused == 0 {
		t.Errorf("refused %d, told of %d", refused, told)
	}
	fmt.Printf("%d accepted and read, %d refused and counted: went through\n", len(got), refused)
}
