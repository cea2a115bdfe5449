package report

import (
	"math"
	"testing"

	"srn/pkg/report/chart"
)

// TestPaired against values in closed form: with 2 degrees of freedom, t's
// distribution function is 1/2 + t/(2√(2+t²)).
func TestPaired(t *testing.T) {
	p := paired([]float64{1, 2, 4})
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
	if p := paired([]float64{3}); p != (Paired{N: 1, Mean: 3}) {
		t.Errorf("one pair: %+v", p)
	}
	if p := paired([]float64{0, 0}); p.P != 1 || p.Detectable != 0 {
		t.Errorf("no difference: %+v", p)
	}
}

func TestPlusMinus(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{plusMinusDigits(Stat{3, 13.71, 3.14}, 3), "13.7 ± 3.1"}, {plusMinusDigits(Stat{3, 7.29e-5, 1e-6}, 3), "(7.29 ± 0.10)·10⁻⁵"},
		{plusMinusDigits(Stat{1, 5, 0}, 2), "5.0"}, {plusMinusDigits(Stat{}, 2), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestMeansDoNotJumpWhereASeedIsMissing(t *testing.T) {
	points := average([]map[int]float64{{1: 1, 2: 3, 3: 5}, {1: 3, 3: 9}})
	if len(points) != 2 || points[0] != (chart.Point{X: 1, Mean: 2, Low: 1, High: 3, N: 2}) || points[1] != (chart.Point{X: 3, Mean: 7, Low: 5, High: 9, N: 2}) {
		t.Errorf("%+v", points)
	}
}

// TestRow: which of the paper's rows a run repeats.
func TestRow(t *testing.T) {
	for _, c := range []struct {
		method    string
		wd, ratio float64
		want      string
	}{
		{"srn", 0, 0, "SRN"}, {"srn", 5e-4, 0, "SRN"}, {"srn", 0, 0.1, ""}, {"srn-untrained", 0, 0, ""},
		{"ce", 0, 0, "CE-only"}, {"ce", 5e-4, 0, "Weight Decay"}, {"weight-decay", 5e-4, 0, "Weight Decay"},
		{"label-smoothing", 0, 0, "Label Smoothing"}, {"label-smoothing epsilon=0.2", 0, 0, ""}, {"sam+cutout", 0, 0, ""}, {"cutout", 0, 0, ""},
		{"sam+autoaugment+cutout+label-smoothing", 0, 0, "SAM external"}, {"ce+autoaugment+cutout+label-smoothing", 5e-4, 0, "SGD external"},
		{"somebody else's", 0, 0, ""},
	} {
		name, external := runKey{Method: c.method, WeightDecay: c.wd, Ratio: c.ratio}.row()
		if external {
			name += " external"
		}
		if name != c.want {
			t.Errorf("%+v: %q", c, name)
		}
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
