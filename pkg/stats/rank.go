package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Ranks of values from 1, ties sharing the mean of theirs.
func Ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	r := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last < len(sorted) && sorted[last] == v {
			last++
		}
		r[i] = float64(first+last+1) / 2
	}
	return r
}

// mostExact is the number of values up to which RankSum is exact.
const mostExact = 80

// RankSum is the Wilcoxon–Mann–Whitney test that a and b are samples of one
// distribution, exact, ties included: the p-value is twice the share of the
// ways to choose len(a) of all values whose sum of ranks is as extreme on its
// side. Beyond 80 values it takes the normal approximation.
func RankSum(a, b []float64) *RankTest {
	all := Ranks(slices.Concat(a, b))
	n, m := len(a), len(all)
	sum := 0.0
	for _, r := range all[:n] {
		sum += r
	}
	expected := float64(n) * float64(m+1) / 2
	t := &RankTest{Greater: sum > expected}
	if m > mostExact {
		t.P = approximate(all, n, sum)
	} else {
		t.P = exact(all, n, sum)
	}
	return t
}

// approximate is the p-value of the sum of n of all ranks by the normal
// distribution.
func approximate(all []float64, n int, sum float64) float64 {
	m := len(all)
	mean, variance := stat.PopMeanVariance(all, nil)
	sd := math.Sqrt(variance * float64(n) * float64(m-n) / float64(m-1))
	return min(1, 2*distuv.UnitNormal.Survival((math.Abs(sum-float64(n)*mean)-0.5)/sd))
}

// exact is the p-value by counting: ways[k][s] are the choices of k of the
// ranks, doubled to be whole, with the sum s.
func exact(all []float64, n int, sum float64) float64 {
	most := len(all) * (len(all) + 1)
	ways := make([][]float64, n+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	for i, r := range all {
		double := int(math.Round(2 * r))
		for k := min(i+1, n); k > 0; k-- {
			for s := most; s >= double; s-- {
				ways[k][s] += ways[k-1][s-double]
			}
		}
	}
	at := int(math.Round(2 * sum))
	below, above, total := 0.0, 0.0, 0.0
	for s, w := range ways[n] {
		total += w
		if s <= at {
			below += w
		}
		if s >= at {
			above += w
		}
	}
	return min(1, 2*min(below, above)/total)
}

// Correlation is a rank correlation and the p-value of its being chance.
type Correlation struct {
	R float64 `json:"r"`
	P float64 `json:"p"` // two-sided, by permutation of the pairs
}

// Association is how the ranks of two variables go together.
type Association struct {
	N        int         `json:"n"`
	Spearman Correlation `json:"spearman"`
	Kendall  Correlation `json:"kendall"` // τ-b
}

// permutations are those tried where there are too many to try all.
const permutations = 10000

// Associate takes points that are independent of each other, such as the means
// of methods, never the runs of the same method. The p-values are exact up to 8
// points, and of 10,000 random permutations beyond. Fewer than 4 points can
// tell nothing; ok is then false.
func Associate(x, y []float64) (a Association, ok bool) {
	if len(x) < 4 {
		return a, false
	}
	rx, ry := Ranks(x), Ranks(y)
	a = Association{N: len(x), Spearman: Correlation{R: stat.Correlation(rx, ry, nil)}, Kendall: Correlation{R: kendall(rx, ry)}}
	if math.IsNaN(a.Spearman.R) || math.IsNaN(a.Kendall.R) {
		return a, false // a variable without variation
	}
	tried, spearman, tau := 0, 0, 0
	const slack = 1e-9
	shuffled := slices.Clone(ry)
	try := func() {
		tried++
		if math.Abs(stat.Correlation(rx, shuffled, nil)) >= math.Abs(a.Spearman.R)-slack {
			spearman++
		}
		if math.Abs(kendall(rx, shuffled)) >= math.Abs(a.Kendall.R)-slack {
			tau++
		}
	}
	if len(x) <= 8 {
		permute(shuffled, len(shuffled), try)
	} else {
		try() // the order that is, so that no p-value is 0
		random := rand.New(rand.NewPCG(1, uint64(len(x))))
		for range permutations - 1 {
			random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			try()
		}
	}
	a.Spearman.P, a.Kendall.P = float64(spearman)/float64(tried), float64(tau)/float64(tried)
	return a, true
}

// permute calls do for every order of the first n values (Heap's algorithm).
func permute(v []float64, n int, do func()) {
	if n == 1 {
		do()
		return
	}
	for i := range n {
		permute(v, n-1, do)
		k := 0
		if n%2 == 0 {
			k = i
		}
		v[k], v[n-1] = v[n-1], v[k]
	}
}

// kendall is τ-b.
func kendall(x, y []float64) float64 {
	sign := func(v float64) float64 {
		switch {
		case v > 0:
			return 1
		case v < 0:
			return -1
		}
		return 0
	}
	s, nx, ny := 0.0, 0.0, 0.0
	for i := range x {
		for k := range i {
			a, b := sign(x[i]-x[k]), sign(y[i]-y[k])
			s, nx, ny = s+a*b, nx+a*a, ny+b*b
		}
	}
	return s / math.Sqrt(nx*ny)
}
