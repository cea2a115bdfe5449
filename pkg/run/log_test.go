package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/record"
)

func testLog(dir string, c config, stateful bool) Log {
	return Log{Path: filepath.Join(dir, "h.jsonl"), Header: record.Header{Tool: "srn-hessian", Version: "v1", Config: c, Seed: c.Seed}, Stateful: stateful}
}

// write adds records, the last of which may be without a state.
func write(t *testing.T, l Log, o Open, from, to, saved int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if err := o.Write(record.Surrogate{Round: i}); err != nil {
			t.Fatal(err)
		}
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		if l.Stateful && i <= saved {
			if err := l.SaveState(i, map[string]string{"at": "x"}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLog(t *testing.T) {
	mine := testConfig()
	other := mine
	other.Method = "ce"
	for _, stateful := range []bool{false, true} {
		whole := t.TempDir()
		l := testLog(whole, mine, stateful)
		o, err := l.Begin(Start)
		if err != nil {
			t.Fatal(err)
		}
		write(t, l, o, 1, 4, 4)
		if err := l.End(o.RecordWriter, "ok"); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(l.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, status := range []string{"", "interrupted", "failed"} {
			for saved := range 3 {
				dir := t.TempDir()
				l := testLog(dir, mine, stateful)
				o, err := l.Begin(Resume)
				if err != nil {
					t.Fatal(err)
				}
				write(t, l, o, 1, 2, saved)
				if status == "" {
					err = o.Close()
				} else {
					err = l.End(o.RecordWriter, status)
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.Begin(Start); err == nil || !strings.Contains(err.Error(), "h.jsonl.partial: has records of this run, which is not complete") {
					t.Errorf("%q: %v", status, err)
				}
				if _, err := testLog(dir, other, stateful).Begin(Resume); err == nil || !strings.Contains(err.Error(), "method was sam and is now ce") {
					t.Errorf("%q: %v", status, err)
				}
				if o, err = l.Begin(Resume); err != nil {
					t.Fatal(err)
				}
				done := 2
				if stateful {
					done = saved
				}
				if len(o.Done) != done || (o.State != nil) != (stateful && saved > 0) {
					t.Errorf("%q, %d saved: %d records done, state %v", status, saved, len(o.Done), o.State)
				}
				write(t, l, o, done+1, 4, 4)
				if err := l.End(o.RecordWriter, "ok"); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(l.Path)
				if err != nil || string(got) != string(want) {
					t.Errorf("%q, %d saved: got %s, want %s", status, saved, got, want)
				}
				if entries, _ := os.ReadDir(dir); len(entries) != 1 {
					t.Errorf("%d files are left", len(entries))
				}
			}
		}
		for _, mode := range []Mode{Start, Resume} {
			o, err := l.Begin(mode)
			if err != nil || !o.Complete || len(o.Done) != 4 || o.RecordWriter != nil {
				t.Errorf("complete: %+v, %v", o, err)
			}
			if _, err := testLog(whole, other, stateful).Begin(mode); err == nil || !strings.Contains(err.Error(), "h.jsonl is of another run") {
				t.Errorf("another's: %v", err)
			}
		}
		slower := mine
		slower.Kernels = "cpu [generic]"
		if o, err := testLog(whole, slower, stateful).Begin(Start); err != nil || !o.Complete {
			t.Errorf("complete by other kernels: %v", err)
		}
		if o, err = testLog(whole, other, stateful).Begin(Overwrite); err != nil || o.RecordWriter == nil {
			t.Fatal(err)
		}
		o.Close()
		if _, err := os.Stat(l.Path); err == nil {
			t.Error("the old records are left")
		}
	}
}

func TestLogOfStreams(t *testing.T) {
	l := Log{Path: "/dev/null", Header: record.Header{Tool: "srn-hessian", Config: testConfig(), Seed: testConfig().Seed}, Stateful: true}
	o, err := l.Begin(Start)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, o, 1, 2, 2)
	if err := l.End(o.RecordWriter, "ok"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(Resume); err == nil {
		t.Error("a device was resumed")
	}
}

// A state of what follows the records that it was saved with is used as long as
// no more are written, and no record waits for it.
func TestLogAhead(t *testing.T) {
	for saved, used := range []bool{false, false, true} {
		l := testLog(t.TempDir(), testConfig(), false)
		l.Ahead = true
		o, err := l.Begin(Resume)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if i > 0 {
				write(t, l, o, i, i, 0)
			}
			if saved > 0 && i == saved {
				if err := l.SaveState(i, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.End(o.RecordWriter, "interrupted"); err != nil {
			t.Fatal(err)
		}
		if o, err = l.Begin(Resume); err != nil {
			t.Fatal(err)
		}
		if len(o.Done) != 2 || (o.State != nil) != used {
			t.Errorf("a state of %d records: %d are done, state %v", saved, len(o.Done), o.State)
		}
		if err := l.End(o.RecordWriter, "ok"); err != nil {
			t.Fatal(err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(l.Path)); len(entries) != 1 {
			t.Errorf("%d files are left", len(entries))
		}
	}
}
