package artifact

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"srn/pkg/record"
)

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// The final name is that of a final outcome alone.
func TestFinalNames(t *testing.T) {
	for status, final := range map[string]bool{"ok": true, "diverged": true, "interrupted": false, "failed": false, "": false} {
		path := filepath.Join(t.TempDir(), "m.jsonl.zst")
		w, err := CreateRecords(path, testHeader)
		if err != nil {
			t.Fatal(err)
		}
		writeEpochs(t, w, 1, 1)
		if exists(t, path) || !exists(t, path+".partial") {
			t.Errorf("%q: growing records have their final name", status)
		}
		if status == "" {
			err = w.Close()
		} else {
			err = w.End(status)
		}
		if err != nil {
			t.Fatal(err)
		}
		if exists(t, path) != final || exists(t, path+".partial") == final {
			t.Errorf("%q: final %v, partial %v", status, exists(t, path), exists(t, path+".partial"))
		}
		if !final {
			path += ".partial"
		}
		onlyFile(t, path)
		s, err := ReadRecords(path)
		if err != nil || len(s[0].Records) != 1 || s[0].Status != status {
			t.Errorf("%q: %v, %v", status, s, err)
		}
	}
}

// What had the final name is there until the new records are complete, and
// passes on its permissions.
func TestFinalNameIsReplacedAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	createEpochs(t, path, 3)
	before := read(t, path)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	w, err := CreateRecords(path, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	writeEpochs(t, w, 1, 1)
	if read(t, path) != before {
		t.Error("the old records were changed")
	}
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || read(t, path) == before || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// Records under their final name become partial again when they are resumed,
// and stay as they are when that is refused.
func TestResumeOfFinalRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl.zst")
	createEpochs(t, path, 3)
	before := read(t, path)
	refusal := errors.New("another run's")
	if _, err := ResumeRecords(path, 2, func(record.Header) error { return refusal }); err != refusal || read(t, path) != before {
		t.Fatalf("%v", err)
	}
	w, err := ResumeRecords(path, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	onlyFile(t, path+".partial")
	writeEpochs(t, w, 3, 3)
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	onlyFile(t, path)
	if read(t, path) != before {
		t.Error("the bytes differ")
	}
}

// Records that are deleted, renamed or replaced while they grow are noticed.
func TestLostRecordsAreNoticed(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"deleted":  os.Remove,
		"renamed":  func(path string) error { return os.Rename(path, path+"2") },
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o666)) },
	} {
		path := filepath.Join(t.TempDir(), "m.jsonl")
		w, err := CreateRecords(path, testHeader)
		if err != nil {
			t.Fatal(err)
		}
		if err := lose(path + ".partial"); err != nil {
			t.Fatal(err)
		}
		w.Write(record.Surrogate{})
		const want = ".partial: was removed or replaced while it was being written"
		if err := w.Flush(); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.End("ok"); err == nil {
			t.Errorf("%s: the end was written", name)
		}
		if exists(t, path) {
			t.Errorf("%s: there is a final file", name)
		}
		w.Close()
	}
}

func TestPartialNames(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o666), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"-": "", "/dev/null": "", "/dev/stdout": "", pipe: "",
		filepath.Join(dir, "new"): filepath.Join(dir, "new.partial"), link: filepath.Join(dir, "real.partial"),
	} {
		if got, err := Partial(path); got != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// /dev/stdout is written where it stands, as "-" is.
func TestStdoutIsAppendedTo(t *testing.T) {
	if os.Getenv("SRN_TEST_STDOUT") != "" {
		w, err := CreateRecords("/dev/stdout", testHeader)
		if err == nil {
			err = w.End("ok")
		}
		if err == nil {
			err = WriteFileAtomic("/proc/self/fd/1", text("text\n"))
		}
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("before\n")
	cmd := exec.Command(os.Args[0], "-test.run=^TestStdoutIsAppendedTo$")
	cmd.Env = append(os.Environ(), "SRN_TEST_STDOUT=1")
	cmd.Stdout, cmd.Stderr = f, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	f.WriteString("after\n")
	lines := strings.Split(read(t, path), "\n")
	if len(lines) != 6 || lines[0] != "before" || !strings.Contains(lines[1], "header") || !strings.Contains(lines[2], "end") || lines[3] != "text" || lines[4] != "after" {
		t.Errorf("%q", lines)
	}
}

func TestLongNames(t *testing.T) {
	dir := t.TempDir()
	for n, fits := range map[int]bool{247: true, 248: false, 255: false, 256: false} {
		err := CheckOutput(filepath.Join(dir, strings.Repeat("x", n)), ".partial")
		if fits && err != nil || !fits && !errors.Is(err, syscall.ENAMETOOLONG) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := CheckOutput(filepath.Join(dir, strings.Repeat("x", 255))); err != nil {
		t.Error(err)
	}
}
