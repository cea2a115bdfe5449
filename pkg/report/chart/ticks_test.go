package chart

import (
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	labels := func(ticks []tick) string {
		var s []string
		for _, x := range ticks {
			s = append(s, x.label)
		}
		return strings.Join(s, " ")
	}
	linear := func(low, high float64) string { ticks, _, _ := linearTicks(low, high, 5); return labels(ticks) }
	logs := func(low, high float64) string { ticks, _, _ := logTicks(low, high, 6); return labels(ticks) }
	for _, c := range []struct{ got, want string }{
		{linear(0, 1), "0.0 0.2 0.4 0.6 0.8 1.0"},
		{linear(43, 88), "40 50 60 70 80 90"},
		{linear(-1.2, 1.4), "−2 −1 0 1 2"},
		{linear(0.72571, 0.72612), "0.7257 0.7258 0.7259 0.7260 0.7261 0.7262"},
		{logs(5e-5, 0.1), "10⁻⁴ 10⁻³ 0.01 0.1"},
		{logs(3, 400), "5 10 20 50 100 200 500"},
		{labels(wholeTicks(0, 30, 7)), "0 5 10 15 20 25 30"},
		{labels(wholeTicks(0, 200, 7)), "0 50 100 150 200"},
		{labels(wholeTicks(1, 2, 7)), "1 2"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if ticks, from, to := linearTicks(3, 3, 5); len(ticks) < 2 || from >= 3 || to <= 3 {
		t.Errorf("one value: %v %v %v", ticks, from, to)
	}
}
