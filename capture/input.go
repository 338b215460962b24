package capture

import (
	"bufio"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// located is a file as Find found it.
type located struct {
	path   string    // to show and to open
	dir    string    // its folder, in one spelling whatever the way there
	size   int64     // bytes on disk, 0 for a stream
	mod    time.Time // of its last change
	stream bool      // a pipe, a device or standard input: can be read once, and may have to be waited for
	format format
	link   LinkType // of its first packet
	first  Nanos    // time of its first packet
	packet bool     // it has a first packet, as far as was looked
	packed bool     // it is compressed
}

// opener turns files into readers, one after the other, and keeps what is dear
// to make between them.
type opener struct {
	unpacker
	tell     func(Problem)
	progress *atomic.Int64
	stdin    io.Reader
	end      <-chan struct{}
	window   int    // size of a reader's buffer at the start, 0: by the file's size
	sync     bool   // decompress where it is read, for a look at the first bytes
	limit    int64  // read this many bytes at most, 0: all
	buf      []byte // of the last file's window
}

// opened is a file that is being read.
type opened struct {
	*located
	teller
	file   *os.File  // nil for a stream
	pipe   *lazyFile // a stream other than standard input
	raw    counted
	feed   *ahead // waits for a stream
	unpack *ahead // decompresses
	reader frameReader
	window *window // of the reader
}

// open opens f. It gives nil, with the problem told, when there is nothing to be read.
func (o *opener) open(f *located) *opened {
	in := &opened{located: f, teller: teller{path: f.path, tell: o.tell}}
	in.raw.progress, in.raw.left = o.progress, f.size
	if err := in.start(o); err != nil {
		in.tellOpen(err)
		in.finish(o)
		return nil
	}
	if !in.build(o) {
		in.finish(o)
		return nil
	}
	return in
}

func (in *opened) tellOpen(err error) {
	if in.tell != nil {
		in.tell(openProblem(in.located.path, err))
	}
}

// start opens the file itself. A stream gets a goroutine that waits for it.
func (in *opened) start(o *opener) error {
	if !in.stream {
		f, err := os.Open(in.located.path)
		if err != nil {
			return err
		}
		in.file, in.raw.src = f, f
		return nil
	}
	if in.located.path == Stdin {
		if f, ok := o.stdin.(*os.File); ok && in.size > 0 {
			in.raw.src = f // a regular file never waits
			return nil
		}
		in.raw.left, in.raw.src = -1, o.stdin
	} else {
		in.pipe = &lazyFile{path: in.located.path}
		in.raw.left, in.raw.src = -1, in.pipe
	}
	in.feed = newAhead(in.raw.Read, packedRead, o.end)
	return nil
}

// build stacks what the first bytes ask for upon the file, and reports whether
// frames can be read.
func (in *opened) build(o *opener) bool {
	var src io.Reader = &in.raw
	if in.feed != nil {
		src = in.feed
	}
	head := bufio.NewReaderSize(o.limited(src), textLength)
	kind, ok := in.sniff(head)
	if ok && kind.packed() {
		if head, ok = in.decompress(kind, head, o); !ok {
			return false
		}
		if kind, ok = in.sniff(head); ok && kind.packed() {
			in.problem(Unsupported, NoOffset, "compressed twice", "decompress it once")
			return false
		}
	}
	if !ok {
		return false
	}
	in.format = kind
	return in.read(kind, head, o)
}

func (o *opener) limited(src io.Reader) io.Reader {
	if o.limit > 0 {
		return io.LimitReader(src, o.limit)
	}
	return src
}

// decompress puts a decompressor behind src, in a goroutine of its own.
func (in *opened) decompress(kind format, src io.Reader, o *opener) (*bufio.Reader, bool) {
	in.unpacked, in.packed = true, true
	plain, err := o.unpacker.open(kind, src)
	if err != nil {
		in.tellOpen(err)
		return nil, false
	}
	if !o.sync {
		in.unpack = newAhead(whole(plain), in.blockSize(), nil)
		plain = in.unpack
	}
	return bufio.NewReaderSize(o.limited(plain), textLength), true
}

// sniff tells the format of what head gives, and the problem if it is none.
func (in *opened) sniff(head *bufio.Reader) (format, bool) {
	b, err := head.Peek(sniffLength)
	if f := sniff(b); f != formatUnknown {
		return f, true
	}
	if err == nil {
		b, err = head.Peek(textLength)
	}
	w := window{err: err}
	if len(b) == 0 && err != nil && in.pipe != nil && in.pipe.failed() {
		in.tellOpen(err)
	} else if !w.failed(&in.teller) {
		kind, reason, cure := notCapture(b)
		in.problem(kind, NoOffset, reason, cure)
	}
	return formatUnknown, false
}

// read makes the reader of the format.
func (in *opened) read(kind format, src io.Reader, o *opener) bool {
	size := o.window
	if size == 0 {
		size = readSize
		if !in.stream && !in.unpacked {
			size = int(min(readSize, in.size+1))
		}
	}
	w := window{buf: o.buf}
	w.reset(src, max(size, 2*textLength))
	if kind == formatPcapng {
		p := &pcapng{window: w, teller: &in.teller}
		in.reader, in.window = p, &p.window
		return true
	}
	p := &pcap{window: w, teller: &in.teller}
	in.reader, in.window = p, &p.window
	return p.open()
}

// blockSize keeps the blocks of a small compressed file small.
func (in *opened) blockSize() int {
	if in.stream {
		return readSize
	}
	return int(min(max(8*in.size, 16<<10), readSize))
}

// finish closes a file that was read to its end: its progress is made up to its
// size, and a change since it was found is told.
func (in *opened) finish(o *opener) {
	if !o.sync {
		in.changed()
	}
	in.close()
	if in.window != nil {
		o.buf = in.window.buf
	}
	in.raw.complete()
}

// changed tells when the file is no longer what it was when it was found.
func (in *opened) changed() {
	if in.file == nil {
		return
	}
	st, err := in.file.Stat()
	if err != nil {
		return
	}
	const cure = "read it again once it is complete"
	switch size := st.Size(); {
	case size > in.size:
		in.problem(Changed, NoOffset, "the file grew while it was read", cure)
	case size < in.size:
		in.problem(Changed, NoOffset, "the file shrank while it was read", cure)
	case !st.ModTime().Equal(in.mod):
		in.problem(Changed, NoOffset, "the file was written to while it was read", cure)
	}
}

// close stops the goroutines and closes the file. One that waits for standard
// input cannot be stopped; it ends with its read.
func (in *opened) close() {
	if in.feed != nil {
		in.feed.close()
	}
	if in.pipe != nil {
		in.pipe.close()
	}
	if in.unpack != nil {
		in.unpack.close()
		in.unpack.wait()
	}
	if in.file != nil {
		_ = in.file.Close() // it was only read
	}
}
