package cpu

import (
	"strings"
	"testing"
)

func TestNamed(t *testing.T) {
	for _, s := range Sets() {
		got, err := Named(s.Name)
		if err != nil || got.Name != s.Name {
			t.Errorf("Named(%q) = %v, %v", s.Name, got, err)
		}
		if s.WinogradInput == nil {
			t.Errorf("%s has no Winograd transforms", s.Name)
		}
		direct, err := Named(s.Name + Direct)
		if err != nil || direct.Name != s.Name+Direct || direct.WinogradInput != nil || direct.Gemm == nil {
			t.Errorf("Named(%q) = %v, %v, want the set without Winograd transforms", s.Name+Direct, direct, err)
		}
	}
	if _, err := Named("sse9"); err == nil || !strings.Contains(err.Error(), "unknown") || !strings.Contains(err.Error(), "generic") {
		t.Errorf("Named(sse9): %v, want an error that lists the sets", err)
	}
}

func TestSelect(t *testing.T) {
	t.Setenv(EnvKernels, "")
	if s, err := Select(); err != nil || s.Name != Sets()[0].Name {
		t.Errorf("Select without %s = %v, %v", EnvKernels, s, err)
	}
	t.Setenv(EnvKernels, "generic")
	if s, err := Select(); err != nil || s.Name != "generic" {
		t.Errorf("Select generic = %v, %v", s, err)
	}
	t.Setenv(EnvKernels, "AVX512")
	if _, err := Select(); err == nil || !strings.Contains(err.Error(), EnvKernels) {
		t.Errorf("Select AVX512: %v, want an error that names %s", err, EnvKernels)
	}
}
