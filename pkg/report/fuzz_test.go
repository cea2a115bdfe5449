package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
)

// Whatever records tell, a report is made of them in every format, or an error
// says what is wrong.
func FuzzReport(f *testing.F) {
	paths := fixture(f, f.TempDir())
	for _, path := range append(paths[:8], paths[len(paths)-4:]...) { // the last are measurements of every kind
		streams, err := artifact.ReadRecords(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(lines(f, streams[0], 3))
	}
	path := filepath.Join(f.TempDir(), "x.jsonl")
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		boundtest.Allocates(t, 256<<20, func() {
			sources, err := Read([]string{path})
			if err != nil {
				return
			}
			r, err := Build(sources, Options{})
			if err != nil {
				return
			}
			for _, write := range []func(*Report, io.Writer) error{(*Report).HTML, (*Report).Markdown, (*Report).LaTeX, (*Report).CSV, (*Report).TSV} {
				var out bytes.Buffer
				if err := write(r, &out); err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(out.Bytes(), []byte("<script>fuzz")) {
					t.Fatal("text of a record is markup of the page")
				}
			}
		})
	})
}

// lines is a stream's text with its first records of each type.
func lines(f *testing.F, s artifact.Stream, each int) []byte {
	path := filepath.Join(f.TempDir(), "seed.jsonl")
	w, err := artifact.CreateRecords(path, s.Header)
	if err != nil {
		f.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range s.Records {
		if seen[r.Type()]++; seen[r.Type()] <= each {
			if err := w.Write(r); err != nil {
				f.Fatal(err)
			}
		}
	}
	if err := w.End("ok"); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return b
}
