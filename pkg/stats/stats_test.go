package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// reference are SciPy's values (testdata/reference.py).
type reference struct {
	Paired []struct {
		D                      []float64
		Mean, SD, Low, High, P float64
	}
	RankSum []struct {
		A, B []float64
		P    float64
	} `json:"rank_sum"`
	Association []struct {
		X, Y              []float64
		Spearman, Kendall float64
		SpearmanP         float64 `json:"spearman_p"`
		KendallP          float64 `json:"kendall_p"`
	}
	Power []struct {
		N                    int
		Effect, Level, Power float64
	}
	UpperSD []struct{ DF, Factor float64 } `json:"upper_sd"`
}

func load(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.12g, want %.12g", name, got, want)
	}
}

func TestDifferences(t *testing.T) {
	for _, r := range load(t).Paired {
		d := Differences(r.D, 0)
		near(t, "mean", d.Mean, r.Mean, 1e-12)
		near(t, "sd", d.SD, r.SD, 1e-12)
		near(t, "low", d.Test.Low, r.Low, 1e-9)
		near(t, "high", d.Test.High, r.High, 1e-9)
		near(t, "p", d.Test.P, r.P, 1e-10)
	}
}

// TestNoScatter: what shows no scatter is not tested.
func TestNoScatter(t *testing.T) {
	for name, d := range map[string]Difference{
		"none":                    Differences(nil, 0),
		"one pair":                Differences([]float64{0.3}, 0),
		"two of one difference":   Differences([]float64{0.25, 0.25}, 0),
		"zeros":                   Differences([]float64{0, 0, 0, 0, 0}, 1e-4),
		"equal but for rounding":  Differences([]float64{0.1, 0.1 + 1e-15, 0.1}, 0),
		"equal on so many images": Differences([]float64{0.0123, 0.0123 + 1e-9}, 1e-4),
	} {
		if d.Test != nil {
			t.Errorf("%s: tested, %+v", name, *d.Test)
		}
		if p, ok := (Comparison{Difference: d}).P(); ok || p != 1 {
			t.Errorf("%s: p = %g", name, p)
		}
	}
	// One image of 10,000 more in one of three pairs: the scatter is an image at least.
	d := Differences([]float64{0.01, 0.01, 0.0101}, 1e-4)
	if d.Test == nil || d.SD != 1e-4 {
		t.Errorf("scatter of an image: %+v", d)
	}
}

func TestExp(t *testing.T) {
	logs := Differences([]float64{math.Log(2), math.Log(4)}, 0)
	d := logs.Exp()
	near(t, "mean ratio", d.Mean, math.Sqrt(8), 1e-12)
	near(t, "low", d.Test.Low, math.Exp(logs.Test.Low), 1e-12)
	if d := Differences([]float64{math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64}, 0); d.N != 0 || d.Test != nil {
		t.Errorf("beyond what numbers hold: %+v", d)
	}
	if d := Differences([]float64{1400, 1450}, 0).Exp(); d.N != 0 || d.Test != nil {
		t.Errorf("beyond what numbers hold: %+v", d)
	}
	if d.N != 2 || d.Test.P != logs.Test.P || Differences(nil, 0).Exp().Mean != 0 {
		t.Errorf("%+v", d)
	}
}

func TestHolm(t *testing.T) {
	// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		near(t, "corrected", Holm([]float64{0.01, 0.04, 0.03, 0.005})[i], want, 1e-12)
	}
}

func TestRankSum(t *testing.T) {
	for _, r := range load(t).RankSum {
		near(t, "p", RankSum(r.A, r.B).P, r.P, 1e-12)
	}
	// The normal approximation joins on.
	random := rand.New(rand.NewPCG(1, 1))
	var values []float64
	for range mostExact {
		values = append(values, math.Round(20*random.NormFloat64()))
	}
	all, n := Ranks(values), mostExact/2
	sum := 0.0
	for _, r := range all[:n] {
		sum += r
	}
	for _, shift := range []float64{-300, -100, 0, 50, 200} {
		e, a := exact(all, n, sum+shift), approximate(all, n, sum+shift)
		if math.Abs(a-e) > 0.004+0.05*e {
			t.Errorf("p = %g exact, %g approximate", e, a)
		}
	}
}

// TestFailures: failures are never left out, and nothing that fails more often
// is better.
func TestFailures(t *testing.T) {
	good, failed := func(v ...float64) (list []Outcome) {
		for _, v := range v {
			list = append(list, Outcome{Value: v})
		}
		return list
	}, Outcome{Failed: true}
	base := good(0.80, 0.81, 0.79, 0.805, 0.795)

	c := Compare(good(0.81, 0.82, 0.801, 0.815, 0.806), base, 1e-4)
	if p, _ := c.P(); c.Rank != nil || c.Verdict(p) != Better {
		t.Errorf("without failures: %+v", c)
	}
	c = Compare([]Outcome{failed, failed, failed, failed, failed}, base, 1e-4)
	if p, _ := c.P(); c.Failed != [2]int{5, 0} || c.N != 0 || c.Verdict(p) != Worse {
		t.Errorf("all failed: %+v", c)
	}
	near(t, "p of all failed", c.Rank.P, 2.0/252, 1e-12)

	c = Compare(append(good(0.9, 0.9, 0.9, 0.91), failed), base, 1e-4)
	if c.Test != nil || c.N != 4 {
		t.Errorf("survivors tested: %+v", c)
	}
	if c.Verdict(0.001) != Unresolved {
		t.Error("better with more failures")
	}
	c = Compare([]Outcome{failed, failed}, []Outcome{failed, failed}, 0)
	if c.Verdict(1) != Untested {
		t.Errorf("all of both failed: %+v", c)
	}
}

func TestPower(t *testing.T) {
	for _, r := range load(t).Power {
		near(t, "power", power(r.Effect, r.N, r.Level), r.Power, 2e-5)
	}
	for _, r := range load(t).UpperSD {
		near(t, "upper limit", UpperSD(1, r.DF, 0.8), r.Factor, 1e-9)
	}
	near(t, "power at the detectable difference", power(Detectable(2.5, 7, 0.01)/2.5, 7, 0.01), Power, 1e-6)
	d := Differences([]float64{-1, 0.2, 0.9, 0.1, -0.6}, 0)
	sd := UpperSD(d.SD, 4, Confidence)
	n := d.Seeds(0.5, 0.05)
	if power(0.5/sd, n, 0.05) < Power || power(0.5/sd, n-1, 0.05) >= Power {
		t.Errorf("%d seeds", n)
	}
	if d.Seeds(1e-9, 0.05) != 0 || !math.IsNaN(Differences([]float64{1, 1}, 0).Detectable(0.05)) {
		t.Error("a plan without end, or without scatter")
	}
	// Published: 15 pairs for an effect of 0.78 standard deviations at 0.05 with
	// power 0.8, 34 for one of 0.5 (Cohen 1988, table 2.4.1, with exact t).
	for effect, want := range map[float64]int{0.5: 34, 0.8: 15, 1: 10} {
		n := 2
		for power(effect, n, 0.05) < 0.8 {
			n++
		}
		if n != want {
			t.Errorf("effect %g: %d pairs, want %d", effect, n, want)
		}
	}
}

// TestAgainstDraws: without scatter of draws it is nearly the paired test, with
// much it is a test over draws.
func TestAgainstDraws(t *testing.T) {
	values := []float64{0.31, 0.12, 0.44, 0.27, 0.2}
	same := [][]float64{{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}}
	d, plain := AgainstDraws(values, same, 0), Differences(values, 0)
	near(t, "p", d.Test.P, plain.Test.P, 1e-9)
	near(t, "low", d.Test.Low, plain.Test.Low, 1e-9)

	apart := [][]float64{{-90, -90, -90, -90, -90}, {10, 10, 10, 10, 10}, {50, 50, 50, 50, 50}}
	d = AgainstDraws(values, apart, 0)
	over := Differences([]float64{90 + 0.268, -10 + 0.268, -50 + 0.268}, 0)
	near(t, "mean", d.Mean, over.Mean, 1e-9)
	near(t, "low", d.Test.Low, over.Test.Low, 1e-4)
	near(t, "p", d.Test.P, over.Test.P, 1e-4)
	if AgainstDraws(values, apart[:2], 0).Test != nil {
		t.Error("tested with two draws")
	}
}

func TestAssociation(t *testing.T) {
	for _, r := range load(t).Association {
		a, ok := Associate(r.X, r.Y)
		if !ok {
			t.Fatal("not told")
		}
		near(t, "Spearman", a.Spearman.R, r.Spearman, 1e-12)
		near(t, "its p", a.Spearman.P, r.SpearmanP, 1e-12)
		near(t, "Kendall", a.Kendall.R, r.Kendall, 1e-12)
		near(t, "its p", a.Kendall.P, r.KendallP, 1e-12)
	}
	if _, ok := Associate([]float64{1, 2, 3}, []float64{1, 2, 3}); ok {
		t.Error("three points")
	}
	if _, ok := Associate([]float64{1, 1, 1, 1}, []float64{1, 2, 3, 4}); ok {
		t.Error("a constant")
	}
	x := make([]float64, 12)
	for i := range x {
		x[i] = float64(i)
	}
	if a, _ := Associate(x, x); a.Spearman.P != 1.0/permutations {
		t.Errorf("p = %g of twelve in order", a.Spearman.P)
	}
}

func TestBest(t *testing.T) {
	// Expected largest of normal samples: Harter 1961.
	for k, want := range map[int]float64{1: 0, 2: 0.56419, 3: 0.84628, 5: 1.16296, 10: 1.53875, 20: 1.86748} {
		near(t, "expected best", ExpectedBest(k), want, 1e-5)
	}
	for n, want := range map[int]int{0: 0, 2: 0, 3: 1, 4: 2, 5: 2, 10: 5} {
		if Choosing(n) != want {
			t.Errorf("%d of %d seeds choose", Choosing(n), n)
		}
	}
	near(t, "residual", Residual([][]float64{{1, 2, 6}, {11, 12, 16}}), 0, 1e-12)
	near(t, "residual", Residual([][]float64{{1, 2}, {1, 4}}), 1, 1e-12)
}

func TestQuantile(t *testing.T) {
	if Median([]float64{3, 1, 2}) != 2 || Quantile([]float64{0, 10}, 0.25) != 2.5 || !math.IsNaN(Median(nil)) {
		t.Error("quantiles")
	}
}
