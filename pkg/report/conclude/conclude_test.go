package conclude

import (
	"math"
	"testing"
)

// TestPaired against values in closed form: with 2 degrees of freedom, t's
// distribution function is 1/2 + t/(2√(2+t²)).
func TestPaired(t *testing.T) {
	p := Pair([]float64{1, 2, 4})
	se := math.Sqrt(7.0/3) / math.Sqrt(3)
	t975, t80 := 0.95*math.Sqrt(2/(1-0.95*0.95)), 0.6*math.Sqrt(2/(1-0.36))
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"mean", p.Mean, 7.0 / 3}, {"sd", p.SD, math.Sqrt(7.0 / 3)}, {"p", p.P, 1 - math.Sqrt(7)/3},
		{"low", p.Low, 7.0/3 - t975*se}, {"high", p.High, 7.0/3 + t975*se}, {"detectable", p.Detectable, (t975 + t80) * se},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s %v, want %v", c.name, c.got, c.want)
		}
	}
	if p := Pair([]float64{3}); p != (Paired{N: 1, Mean: 3}) {
		t.Errorf("one pair: %+v", p)
	}
	if p := Pair([]float64{0, 0}); p.P != 1 || p.Detectable != 0 {
		t.Errorf("no difference: %+v", p)
	}
}

func TestHolm(t *testing.T) {
	got := holm([]float64{0.04, 0.01, 0.03, 0.5})
	for i, want := range []float64{0.09, 0.04, 0.09, 0.5} { // 0.01·4, 0.03·3, then no less than that, 0.5·1
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("%v", got)
		}
	}
}

func TestSpikes(t *testing.T) {
	for _, c := range []struct {
		curve []float64
		want  int
	}{
		{nil, 0}, {[]float64{5, 4, 3}, 0}, {[]float64{1, 9, 1}, 1},
		{[]float64{10, 11, 10, 11, 10}, 0},             // ripples
		{[]float64{10, 40, 12, 45, 11, 60, 10}, 3},     // each rises by more than the median
		{[]float64{10, 30, 29, 31, 10, 10, 10, 10}, 1}, // one peak with a dent
		{[]float64{100, 10, 10, 10, 100}, 0},           // ends are no peaks
	} {
		if got := spikes(c.curve); got != c.want {
			t.Errorf("%v: %d spikes, want %d", c.curve, got, c.want)
		}
	}
}

// As many pairs as are said to be needed have the measured mean as their
// detectable difference, and one fewer have not.
func TestSeedsToResolve(t *testing.T) {
	for _, d := range [][]float64{{1, 2, 4}, {1, -0.5, 0.7, 0.2}} {
		p := Pair(d)
		n := seedsToResolve(p)
		detectable := func(n int) float64 {
			list := make([]float64, n)
			for i := range list {
				list[i] = float64(i%2*2 - 1)
			}
			q := Pair(list)
			return q.Detectable * p.SD / q.SD
		}
		if n < 3 || detectable(n) > math.Abs(p.Mean)*1.001 || detectable(n-1) < math.Abs(p.Mean) {
			t.Errorf("%v: %d seeds detect %g, one fewer %g, of %g", d, n, detectable(n), detectable(n-1), p.Mean)
		}
	}
	if n := seedsToResolve(Pair([]float64{1, -1})); n != 0 {
		t.Errorf("no difference: %d seeds", n)
	}
}
