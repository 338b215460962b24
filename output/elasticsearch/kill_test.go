package elasticsearch

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

	"cleartap/output/delivery"
	"cleartap/output/spool"
)

// childVariable says that this process is a sensor to be killed.
const childVariable = "CLEARTAP_TEST_SENSOR"

// sensorChild appends alerts to a spool and delivers them, and prints how many are on
// disk. It ends when all are delivered, or is killed before.
func sensorChild() error {
	from, _ := strconv.Atoi(os.Getenv(childVariable))
	to, _ := strconv.Atoi(os.Getenv(childVariable + "_TO"))
	kept, err := spool.Open(spool.Config{Dir: os.Getenv(childVariable + "_SPOOL"), Readers: []string{"elasticsearch"}, SyncEvery: 5 * time.Millisecond})
	if err != nil {
		return err
	}
	reader, err := kept.Reader("elasticsearch")
	if err != nil {
		return err
	}
	s, err := New(Config{
		URLs: []string{os.Getenv(childVariable + "_URL")}, CAFile: os.Getenv(childVariable + "_CA"), Namespace: os.Getenv(childVariable + "_NS"),
		Credentials: func() (Credentials, error) { return Credentials{APIKey: os.Getenv(childVariable + "_KEY")}, nil },
	})
	if err != nil {
		return err
	}
	run := delivery.Start(delivery.Config{Name: "elasticsearch", Sink: s, Source: delivery.FromSpool(reader), Pace: quick})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for i := from; i < to; {
		for end := min(to, i+50); i < end; i++ {
			r := alert(i)
			if !kept.Append(r.JSON, false) {
				return fmt.Errorf("the spool refused: %+v", kept.Stats().Lost)
			}
		}
		if err := kept.Flush(ctx); err != nil {
			return err
		}
		fmt.Println(i)
	}
	if err := run.Drain(ctx); err != nil {
		return err
	}
	reader.Close()
	return kept.Close(ctx)
}

// A sensor that is killed again and again: what was on disk is delivered, each alert
// once. With CLEARTAP_PROVE=1 at 200 moments, 20,000 alerts; else at 20, 4,000.
func TestSensorIsKilled(t *testing.T) {
	kills, alerts := 20, 4000
	if os.Getenv("CLEARTAP_PROVE") == "1" {
		kills, alerts = 200, 20_000
	}
	n := node(t)
	install(t, n)
	f := &flow{t: t, node: n, stream: Stream("cleartap.alert", "killed"), sent: alerts}
	dir := filepath.Join(t.TempDir(), "spool")
	key := sensorKey(t, n)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	onDisk, killed, late := 0, 0, 0
	for killed < kills {
		to := min(alerts, onDisk+alerts/kills) // so that something is left for each kill
		done, ended := runSensor(t, dir, onDisk, to, []string{n.URL(), n.CAFile(), "killed", key}, 1+time.Duration(r.IntN(80))*time.Millisecond, killed%4 > 0)
		if !ended {
			killed++
			if done > onDisk {
				late++
			}
		}
		if onDisk = max(onDisk, done); ended && onDisk >= alerts {
			break
		}
	}
	if done, ended := runSensor(t, dir, onDisk, alerts, []string{n.URL(), n.CAFile(), "killed", key}, 0, false); !ended || max(done, onDisk) != alerts {
		t.Fatalf("the last sensor did not end: %d on disk", done)
	}
	t.Logf("killed %d times, %d of them after new alerts were on disk", killed, late)
	if late < killed/4 {
		t.Error("the sensor was killed too early: the test does not test")
	}
	f.onceEach()
}

// runSensor runs a sensor and kills it some time after its start, or after its first
// alerts are on disk; 0: not at all. It gives how many alerts it said are on disk.
func runSensor(t *testing.T, dir string, from, to int, where []string, kill time.Duration, later bool) (onDisk int, ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this test itself
	cmd.Env = append(os.Environ(), childVariable+"="+strconv.Itoa(from), childVariable+"_TO="+strconv.Itoa(to), childVariable+"_SPOOL="+dir,
		childVariable+"_URL="+where[0], childVariable+"_CA="+where[1], childVariable+"_NS="+where[2], childVariable+"_KEY="+where[3])
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		if kill > 0 {
			time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
		}
	}
	if !later {
		end()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if later && onDisk == 0 {
			end()
		}
		if i, err := strconv.Atoi(lines.Text()); err == nil {
			onDisk = i
		}
	}
	err = cmd.Wait()
	if err != nil && kill == 0 || told.Len() > 0 {
		t.Fatalf("the sensor: %v %s", err, told.String())
	}
	return onDisk, err == nil
}
