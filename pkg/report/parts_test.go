package report

import (
	"math"
	"strings"
	"testing"
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

func TestQuote(t *testing.T) {
	for _, c := range []struct {
		dataset, arch, method string
		wd                    float64
		want                  string
	}{
		{"cifar10", "resnet20", "srn", 0, "2 SRN 92.98±0.28, 7 SRN (Ours) 93.06±0.28"},
		{"cifar100", "resnet8", "srn", 0, "7 SRN (Ours) 65.78±0.23"},
		{"cifar10", "resnet32", "ce", 5e-4, "2 Weight Decay 92.4±0"},
		{"cifar10", "resnet20", "ce", 0, ""},
		{"cifar10", "resnet8", "ala", 0, ""},
		{"cifar10", "resnet20", "label-smoothing", 0, "2 Label Smoothing 91.33±0"},
		{"cifar100", "resnet32", "meta-weight-net", 0, "7 Meta-Weight-Net 70.4±0"},
		{"synthetic", "resnet8", "srn", 0, ""},
		{"cifar10", "resnet20", "srn-untrained", 0, ""},
	} {
		var parts []string
		for _, q := range Quote(c.dataset, c.arch, c.method, c.wd) {
			parts = append(parts, strings.TrimSpace(strings.Join([]string{plain(float64(q.Table)), q.Row, plain(q.Top1) + "±" + plain(q.SD)}, " ")))
		}
		if got := strings.Join(parts, ", "); got != c.want {
			t.Errorf("%v: %q, want %q", c, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent(0.86123), "86.12"},
		{signed(-0.5, 2), "−0.50"}, {signed(0.5, 2), "+0.50"}, {signed(0, 1), "0.0"},
		{significant(12.345, 3), "12.3"}, {significant(0.0123, 3), "0.0123"}, {significant(4.9e-5, 2), "4.9·10⁻⁵"}, {significant(1234567, 3), "1.23·10⁶"}, {significant(0, 3), "0"},
		{plain(5e-4), "5e-4"}, {plain(0.1), "0.1"}, {plain(0), "0"},
		{plusMinusDigits(Stat{3, 13.71, 3.14}, 3), "13.7 ± 3.1"}, {plusMinusDigits(Stat{3, 7.29e-5, 1e-6}, 3), "(7.29 ± 0.10)·10⁻⁵"},
		{plusMinusDigits(Stat{1, 5, 0}, 2), "5.0"}, {plusMinusDigits(Stat{}, 2), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

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

func TestMeansDoNotJumpWhereASeedIsMissing(t *testing.T) {
	points := average([]map[int]float64{{1: 1, 2: 3, 3: 5}, {1: 3, 3: 9}})
	if len(points) != 2 || points[0] != (Point{1, 2, 1, 3, 2}) || points[1] != (Point{3, 7, 5, 9, 2}) {
		t.Errorf("%+v", points)
	}
}

func TestScales(t *testing.T) {
	line := func(s scale, values ...float64) bool {
		f := Figure{Scale: s, Series: []Series{{}}}
		for i, v := range values {
			f.Series[0].Points = append(f.Series[0].Points, Point{X: i, Mean: v, Low: v, High: v})
		}
		_, _, log := f.span()
		return log
	}
	if line(autoLog, 1, 90) || !line(autoLog, 1, 101) || line(autoLog, 0, 1000) || line(linear, 1, 1e9) || !line(logarithmic, 1, 2) {
		t.Error("a logarithmic axis is for more than two decades, or where it is asked for")
	}
}
