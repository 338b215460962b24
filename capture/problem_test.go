package capture

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

func TestProblemString(t *testing.T) {
	for _, c := range []struct {
		p    Problem
		want string
	}{
		{Problem{Path: "a b.pcap", Offset: NoOffset, Reason: "it is empty"}, "a b.pcap: it is empty"},
		{Problem{Path: "x", Reason: "bad"}, "x: offset 0: bad"},
		{Problem{Path: "x", Offset: 12, Unpacked: true, Reason: "bad", Cure: "mend it"}, "x: offset 12 after decompression: bad (mend it)"},
		{Problem{Path: Stdin, Offset: 7, Reason: "bad"}, "standard input: offset 7: bad"},
		{Problem{Path: "a\nb\x1b[31m\u202e\xff\u00e9\t.pcap", Offset: NoOffset, Reason: "bad"}, `a\nb\x1b[31m\u202e\xffé\t.pcap: bad`},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestKinds(t *testing.T) {
	for k, want := range map[Kind]string{Unreadable: "unreadable", NotCapture: "not a capture", Unsupported: "unsupported",
		TooMany: "too many", Truncated: "truncated", Corrupt: "corrupt", UnknownLink: "unknown link type", Changed: "changed",
		ReadFailed: "read failed", 0: "unknown", 200: "unknown"} {
		if k.String() != want {
			t.Errorf("%d is %q, want %q", k, k, want)
		}
		if partial := k >= Truncated; k.Partial() != partial {
			t.Errorf("%v: Partial is %v", k, !partial)
		}
	}
}

func TestSystemReasons(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "open", Path: "secret", Err: fs.ErrNotExist}, "no such file or folder"},
		{&fs.PathError{Op: "open", Path: "secret", Err: fs.ErrPermission}, "permission denied"},
		{&fs.PathError{Op: "read", Path: "secret", Err: errors.New("input/output error")}, "input/output error"},
		{os.NewSyscallError("read", errors.New("input/output error")), "input/output error"},
		{errors.New("odd"), "odd"},
	} {
		if got := systemReason(c.err); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
