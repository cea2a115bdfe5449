package artifact

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/record"
)

// What a killed process left is removed by the next writer; what another is
// writing, and what only looks like it, is not.
func TestStaleTemporaryFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	folder := filepath.Dir(path)
	keep := []string{".out.tmp", ".out.0123456.tmp", ".other.01234567.tmp", "out.01234567.tmp"}
	for _, name := range append(keep, ".out.01234567.tmp", ".out.89abcdef.tmp") {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	err := WriteFileAtomic(path, func(w io.Writer) error {
		return WriteFileAtomic(path, text("inner")) // as another process would
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(keep, "out") {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	if list, _ := os.ReadDir(folder); len(list) != len(keep)+1 {
		t.Errorf("the folder holds %v", list)
	}
}

// Records have one writer at a time.
func TestRecordsHaveOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl.zst")
	w, err := CreateRecords(path, record.Header{Tool: "x"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "m.jsonl.zst: another process is writing it; wait for it to end, or name another file"
	if _, err := CreateRecords(path, record.Header{Tool: "y"}); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := ResumeRecords(path, 0, nil); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("resuming meanwhile: %v", err)
	}
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	if w, err = ResumeRecords(path, 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ResumeRecords(path, 0, nil); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("resuming twice: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
