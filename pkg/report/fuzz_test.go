package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/sections"
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
		f.Add(beginning(f, streams[0], 3))
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
			sources, err := load.Read([]string{path})
			if err != nil {
				return
			}
			r, err := sections.Build(sources, sections.Options{})
			if err != nil {
				return
			}
			for _, write := range []func(*sections.Report, io.Writer) error{render.HTML, render.Markdown, render.LaTeX, render.CSV, render.TSV, render.JSON} {
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

// beginning is a stream's text with its first records of each type.
func beginning(f *testing.F, s artifact.Stream, each int) []byte {
	path := filepath.Join(f.TempDir(), "seed.jsonl")
	seen := map[string]int{}
	records := s.Records
	s.Records = nil
	for _, r := range records {
		if seen[r.Type()]++; seen[r.Type()] <= each {
			s.Records = append(s.Records, r)
		}
	}
	if err := artifact.WriteStreams(path, []artifact.Stream{s}); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return b
}
