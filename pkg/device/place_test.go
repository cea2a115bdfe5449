package device

import (
	"errors"
	"testing"
)

func TestParsePlace(t *testing.T) {
	for s, want := range map[string]Place{
		"cpu": {Kind: "cpu"}, "cuda": {Kind: "cuda"}, "cuda:3": {Kind: "cuda", Index: 3},
		"cuda+tf32": {Kind: "cuda", TF32: true}, "cuda:3+tf32": {Kind: "cuda", Index: 3, TF32: true},
	} {
		if got, err := ParsePlace(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", s, got, err, want)
		}
	}
	for _, s := range []string{"cpu:0", "cuda:", "cuda:-1", "", "CUDA", "cpu+tf32", "cpu:0+tf32", "cuda+", "cuda+fp16", "cuda+tf32+tf32", "cuda+tf32:1", "+tf32"} {
		var refused *PlaceError
		if got, err := ParsePlace(s); !errors.As(err, &refused) || refused.Fix == "" {
			t.Errorf("%q: %+v, %v, want an error", s, got, err)
		}
	}
}
