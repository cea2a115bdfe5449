//go:build linux

package test

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// watch counts what happens in a folder: files created, written, renamed,
// removed.
type watch struct {
	file *os.File
	buf  []byte
}

func newWatch(t *testing.T, dir string) *watch {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	const changes = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_CLOSE_WRITE
	if _, err := unix.InotifyAddWatch(fd, dir, changes); err != nil {
		t.Fatal(err)
	}
	w := &watch{os.NewFile(uintptr(fd), "inotify"), make([]byte, 64<<10)}
	t.Cleanup(func() { w.file.Close() })
	return w
}

func (w *watch) close() { w.file.Close() }

// wait waits for n events; it returns false if stop is closed before.
func (w *watch) wait(n int, stop <-chan struct{}) bool {
	if stop != nil {
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-stop:
				w.file.Close() // ends Read
			case <-done:
			}
		}()
	}
	for n > 0 {
		got, err := w.file.Read(w.buf)
		if err != nil {
			return false
		}
		n -= count(w.buf[:got])
	}
	return true
}

// drain counts the events that are waiting.
func (w *watch) drain() (n int) {
	conn, err := w.file.SyscallConn()
	if err != nil {
		return 0
	}
	conn.Read(func(fd uintptr) bool {
		for {
			got, err := unix.Read(int(fd), w.buf)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil || got <= 0 {
				return true
			}
			n += count(w.buf[:got])
		}
	})
	return n
}

// count counts the events in a buffer: 16 bytes each and a name.
func count(b []byte) (n int) {
	for len(b) >= unix.SizeofInotifyEvent {
		n++
		b = b[unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(b[12:])):]
	}
	return n
}
