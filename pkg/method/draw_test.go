package method

import "testing"

// A draw is a number of its own or the run's seed, and nothing else.
func TestDraw(t *testing.T) {
	info, err := Find("srn-untrained")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  string
		want uint64
	}{{"draw=3", 3}, {"draw=seed", 17}} {
		s, err := info.Settings([]string{c.set})
		if err != nil {
			t.Fatal(err)
		}
		if got := draw(Options{Seed: 17}, values{"srn-untrained", s.values}); got != c.want {
			t.Errorf("%s: draw %d, want %d", c.set, got, c.want)
		}
		if s.String() != c.set {
			t.Errorf("%s is recorded as %q", c.set, s.String())
		}
	}
	if _, err := info.Settings([]string{"draw=one"}); err == nil || err.Error() != "draw=one: want a number from 0 to 1e+09, or seed" {
		t.Error(err)
	}
}
