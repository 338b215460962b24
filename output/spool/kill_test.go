//go:build unix

package spool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// T1: a process that appends, reads and moves cursors is killed at random
// moments, again and again. Nothing is lost whose fsync had returned, and what
// comes twice lies beyond the cursor.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	kills, flow := times(20, 200), uint64(20_000)
	rng := newRand(uint64(time.Now().UnixNano())) // moments are random anyway
	committed := map[uint64]uint64{}              // by run: how many of its records were committed
	got := map[uint64]bool{}
	twice := 0
	var all uint64
	runs := uint64(0)
	for ; runs < uint64(kills) || all < flow; runs++ {
		cursor := cursorOf(t, dir)
		n := killedChild(t, dir, runs, rng, func(seq, id uint64) {
			if seq <= cursor {
				t.Fatalf("run %d: record %d comes again, but the cursor stood at %d", runs, seq, cursor)
			}
			if got[id] {
				twice++
			}
			got[id] = true
		})
		committed[runs] = n
		all += n
	}
	s := realSpool(t, dir, Config{})
	for _, r := range drain(t, s, "a") {
		got[number(t, r.Payload)] = true
	}
	if st := s.Stats(); st.Lost.Sum() > 0 || st.Strange > 0 || st.Rescued > 0 {
		t.Errorf("figures: %+v", st)
	}
	closeSpool(t, s)
	for run, n := range committed {
		for i := range n {
			if !got[run<<32+i] {
				t.Fatalf("run %d: record %d of %d was committed, and is lost", run, i, n)
			}
		}
	}
	t.Logf("%d kills, %d records committed, 0 lost, %d came twice", runs, all, twice)
}

// cursorOf reads the cursor file.
func cursorOf(t *testing.T, dir string) uint64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "a.cursor"))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	_, _, at, ok := parseLine("cursor", string(text))
	if err != nil || !ok {
		t.Fatalf("the cursor file: %q, %v", text, err)
	}
	return at
}

// killedChild runs the child, kills it, and gives how many records it had committed.
func killedChild(t *testing.T, dir string, run uint64, rng *rand.Rand, got func(seq, id uint64)) (committed uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "SPOOL_CHILD_DIR="+dir, fmt.Sprintf("SPOOL_CHILD_RUN=%d", run))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for started := false; lines.Scan(); {
		var seq, id, n uint64
		if !started {
			started = true
			time.AfterFunc(time.Duration(rng.IntN(400_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
		if _, err := fmt.Sscanf(lines.Text(), "C %d.", &n); err == nil {
			committed = n
		} else if _, err := fmt.Sscanf(lines.Text(), "G %d %d.", &seq, &id); err == nil {
			got(seq, id)
		}
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("run %d: the child ended by itself: %v", run, err)
	}
	return committed
}

// TestKillChild is the child of TestKill, and does nothing by itself.
func TestKillChild(t *testing.T) {
	dir := os.Getenv("SPOOL_CHILD_DIR")
	if dir == "" {
		return
	}
	var run uint64
	fmt.Sscan(os.Getenv("SPOOL_CHILD_RUN"), &run)
	s := realSpool(t, dir, Config{SegmentBytes: 256 << 10, SyncEvery: 5 * time.Millisecond, MaxBytes: 1 << 30})
	go func() {
		r, err := s.Reader("a")
		if err != nil {
			t.Error(err)
			return
		}
		for {
			out, err := r.Next(context.Background(), 50)
			if err != nil {
				t.Error(err)
				return
			}
			text := ""
			for _, rec := range out {
				text += fmt.Sprintf("G %d %d.\n", rec.Seq, number(t, rec.Payload))
			}
			os.Stdout.WriteString(text) // what the sink has before the cursor moves
			if err := r.Done(out[len(out)-1].Seq); err != nil {
				t.Error(err)
			}
		}
	}()
	for n := uint64(0); ; {
		if s.Append(payload(run<<32+n, 200+int(n%400)), n%9 == 0) {
			n++
		} else {
			time.Sleep(time.Millisecond)
		}
		if n%32 == 0 {
			os.Stdout.WriteString(fmt.Sprintf("C %d.\n", n-uint64(s.Stats().Waiting)))
		}
	}
}
