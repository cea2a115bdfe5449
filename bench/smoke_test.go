package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestQuick runs every part without a peer and checks that each found
// something: positive, finite numbers (JSON knows no others).
func TestQuick(t *testing.T) {
	o, err := parse(strings.Fields("-quick -arch resnet8 -batch 16 -json -bin none -python="), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var found struct {
		Sections []struct {
			Name string
			Data []map[string]any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	for i, s := range found.Sections {
		if s.Name != parts[i].name || len(s.Data) == 0 && s.Name != "start" {
			t.Errorf("section %d: %q has %d entries", i, s.Name, len(s.Data))
		}
		for _, row := range s.Data {
			switch s.Name {
			case "refresh", "methods":
				positive(t, s.Name, row["cost"].(map[string]any)["median"])
			case "passes", "hvp-passes":
				positive(t, s.Name, row["measured_ms"])
			case "accuracy":
				positive(t, s.Name, row["rms"])
			case "memory": // none is what is wanted
			default:
				positive(t, s.Name, row["ours"].(map[string]any)["median"])
			}
		}
	}
	if len(found.Sections) != len(parts) {
		t.Errorf("%d sections of %d", len(found.Sections), len(parts))
	}
}

func positive(t *testing.T, what string, v any) {
	t.Helper()
	if x, ok := v.(float64); !ok || !(x > 0) {
		t.Errorf("%s: %v is not positive", what, v)
	}
}

func TestParse(t *testing.T) {
	for _, args := range []string{"-only nonsense", "-threads 0", "-threads x", "extra", "-nonsense"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s: accepted", args)
		}
	}
}
