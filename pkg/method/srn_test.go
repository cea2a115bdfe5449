package method

import (
	"strings"
	"testing"
)

// An initialisation seed is a number of its own or the run's seed, and nothing else.
func TestInitialisationSeed(t *testing.T) {
	info, err := Find("srn-untrained")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  string
		want uint64
	}{{"draw=3", 3}, {"init-seed=3", 3}, {"init-seed=run", 17}} {
		s, err := info.Settings([]string{c.set})
		if err != nil {
			t.Fatal(err)
		}
		if got := initialisation(Options{Seed: 17}, values{"srn-untrained", s.values}); got != c.want {
			t.Errorf("%s: %d, want %d", c.set, got, c.want)
		}
		if s.String() != strings.Replace(c.set, "draw", "init-seed", 1) {
			t.Errorf("%s is recorded as %q", c.set, s.String())
		}
	}
	if _, err := info.Settings([]string{"init-seed=one"}); err == nil || err.Error() != "init-seed=one: want a number from 0 to 1e+09, or run" {
		t.Error(err)
	}
}
