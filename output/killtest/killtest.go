// Package killtest kills sensors for tests of sinks. Its one job is a process that
// puts alerts into a spool and delivers them, and dies at any moment; its invariant:
// it never believes an alert to be on disk that is not.
package killtest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/format/formattest"
	"cleartap/output/spool"
)

// variable says that this process is a sensor to be killed.
const variable = "CLEARTAP_TEST_KILLED"

// ID is the event.id of alert number i.
func ID(i int) string { return fmt.Sprintf("KILLED%06d", i) }

// Main is the TestMain of a package whose sinks are tested so. open makes the sink of
// the child by its environment.
func Main(m *testing.M, open func() (output.Sink, error)) {
	if os.Getenv(variable) == "" {
		os.Exit(m.Run())
	}
	if err := sensor(open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// sensor appends alerts and delivers them, and prints how many are on disk. It is
// killed, or ends when all are delivered if it is the last.
func sensor(open func() (output.Sink, error)) error {
	from, _ := strconv.Atoi(os.Getenv(variable))
	to, _ := strconv.Atoi(os.Getenv(variable + "_TO"))
	kept, err := spool.Open(spool.Config{Dir: os.Getenv(variable + "_SPOOL"), Readers: []string{"sink"}, SyncEvery: 5 * time.Millisecond})
	if err != nil {
		return err
	}
	reader, err := kept.Reader("sink")
	if err != nil {
		return err
	}
	s, err := open()
	if err != nil {
		return err
	}
	run := delivery.Start(delivery.Config{Name: "sink", Sink: s, Source: delivery.FromSpool(reader), Batch: 64, Pace: delivery.Pace{First: 10 * time.Millisecond, Last: 100 * time.Millisecond}})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for i := from; i < to; {
		for end := min(to, i+10); i < end; i++ {
			a := formattest.Sample()
			a.Event.ID = ID(i)
			if !kept.Append(a.AppendJSON(nil), false) {
				return fmt.Errorf("the spool refused: %+v", kept.Stats().Lost)
			}
		}
		if err := kept.Flush(ctx); err != nil {
			return err
		}
		fmt.Println(i)
	}
	if os.Getenv(variable+"_LAST") == "" { // it waits for its end
		<-ctx.Done()
	}
	if err := run.Drain(ctx); err != nil {
		return err
	}
	reader.Close()
	return kept.Close(ctx)
}

// Run lets sensors put alerts into one spool, one after the other, and kills them at
// random moments: 20 times, with CLEARTAP_PROVE 200 times. It gives how many alerts
// were on disk, which are those that must arrive. env tells open about the sink.
func Run(t *testing.T, env ...string) (alerts, killed int) {
	t.Helper()
	kills, alerts := 20, 2000
	if os.Getenv("CLEARTAP_PROVE") != "" {
		kills, alerts = 200, 20_000
	}
	dir := filepath.Join(t.TempDir(), "spool")
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	onDisk := 0
	for ; killed < kills; killed++ {
		to := min(alerts, onDisk+alerts/kills)
		onDisk = max(onDisk, one(t, dir, onDisk, to, env, time.Duration(1+r.IntN([]int{60, 600}[r.IntN(2)]))*time.Millisecond))
	}
	if done := one(t, dir, onDisk, alerts, env, 0); max(done, onDisk) != alerts {
		t.Fatalf("the last sensor did not end: %d on disk", done)
	}
	return alerts, killed
}

// one runs a sensor and kills it some time after its start; 0: not at all.
func one(t *testing.T, dir string, from, to int, env []string, kill time.Duration) (onDisk int) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this test itself
	cmd.Env = append(append(os.Environ(), variable+"="+strconv.Itoa(from), variable+"_TO="+strconv.Itoa(to), variable+"_SPOOL="+dir), env...)
	if kill == 0 {
		cmd.Env = append(cmd.Env, variable+"_LAST=1")
	}
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var stop *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		i, err := strconv.Atoi(lines.Text())
		if err == nil {
			onDisk = i
		}
		if kill > 0 && err == nil { // from the first alerts on
			stop = time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
			kill = -1
		}
	}
	if stop != nil {
		stop.Stop()
	}
	err = cmd.Wait()
	if err != nil && kill == 0 || told.Len() > 0 {
		t.Fatalf("the sensor: %v %s", err, told.String())
	}
	return onDisk
}
