package output

import (
	"math"
	"math/rand/v2"
	"testing"

	"cleartap/capture"
)

func TestAppendTimeIsWhatPackageTimeWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	check := func(n capture.Nanos) {
		t.Helper()
		got := string(appendTime(nil, n))
		if want := n.Time().Format("2006-01-02T15:04:05.000000Z"); got != want {
			t.Fatalf("%d: got %s want %s", n, got, want)
		}
	}
	for _, n := range []capture.Nanos{0, 1, -1, 999, 1000, -1000, -1001, 951782400e9, 951868799999999999, 1709164800e9, math.MaxInt64, math.MinInt64} {
		check(n)
	}
	for range 10_000 {
		check(capture.Nanos(r.Uint64()))
	}
	for day := range int64(90 * 366) { // each day of ninety years
		check(capture.Nanos((day-40*365)*86400e9 + r.Int64N(86400e9)))
	}
}
