package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"srn/pkg/record"
)

// TestRecords: what is simulated is read back as records of the commands.
func TestRecords(t *testing.T) {
	r := guided("srn", 3)
	r.top1, r.held, r.lambda = 0.9, 0.91, map[int]float64{10: 50, 30: 40}
	broken := protocol("ce", 4)
	broken.failed = record.Diverged
	path := filepath.Join(t.TempDir(), "runs.jsonl")
	if err := write(path, []run{r, broken}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d record.Decoder
	kinds := map[string]int{}
	for i, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		rec, err := d.Decode(line)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		kinds[rec.Type()]++
	}
	if kinds["header"] != 5 || kinds["end"] != 5 || kinds["eval"] != 2 || kinds["top"] != 2 || kinds["final"] != 1 {
		t.Errorf("%v", kinds)
	}
}
