package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The committed files are what the generator writes, and there are no others.
func TestFilesAreUpToDate(t *testing.T) {
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Errorf("%v; run go generate in kernels/cpu", err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what gen writes; run go generate in kernels/cpu", name)
		}
	}
	present, err := filepath.Glob("../*_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range present {
		if _, ok := all[filepath.Base(path)]; !ok {
			t.Errorf("%s is not written by gen", path)
		}
	}
}
