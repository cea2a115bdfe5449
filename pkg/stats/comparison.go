package stats

import "math"

// Outcome is how a run ended: with a value, or failed, which is worse than
// every value.
type Outcome struct {
	Value  float64
	Failed bool // diverged, or no better than chance
}

// Comparison is a paired comparison in which runs may have failed.
type Comparison struct {
	// Difference is of the pairs in which neither run failed. It has no Test
	// where any did: the pairs that are left are no fair sample.
	Difference
	Pairs  int       `json:"pairs"`          // all of them
	Failed [2]int    `json:"failed"`         // runs of the first and of the second configuration
	Rank   *RankTest `json:"rank,omitempty"` // where any failed
}

// RankTest is what the ranks of all outcomes tell.
type RankTest struct {
	P       float64 `json:"p"`       // two-sided
	Greater bool    `json:"greater"` // the first configuration ranks higher
}

// Compare compares outcomes of which the greater is better, a[i] and b[i] being
// of one seed. Without failures it is [Differences]. With any, the test is the
// exact rank-sum test of all outcomes, failures sharing the lowest rank: it
// makes no use of the pairs, and so is conservative where runs of one seed have
// something in common.
func Compare(a, b []Outcome, resolution float64) Comparison {
	c := Comparison{Pairs: len(a)}
	var d []float64
	for i := range a {
		if !a[i].Failed && !b[i].Failed {
			d = append(d, a[i].Value-b[i].Value)
		}
	}
	c.Failed = [2]int{failures(a), failures(b)}
	c.Difference = Differences(d, resolution)
	if failed := c.Failed[0] + c.Failed[1]; failed > 0 {
		c.Test = nil
		if c.Pairs > 1 && failed < 2*c.Pairs {
			c.Rank = RankSum(ranked(a), ranked(b))
		}
	}
	return c
}

func failures(list []Outcome) int {
	n := 0
	for _, o := range list {
		if o.Failed {
			n++
		}
	}
	return n
}

// ranked are the values, with −∞ for a failure.
func ranked(list []Outcome) []float64 {
	values := make([]float64, len(list))
	for i, o := range list {
		if values[i] = o.Value; o.Failed {
			values[i] = math.Inf(-1)
		}
	}
	return values
}

// P is the two-sided p-value, before any correction; ok is false where there is
// no test.
func (c Comparison) P() (p float64, ok bool) {
	switch {
	case c.Rank != nil:
		return c.Rank.P, true
	case c.Test != nil:
		return c.Test.P, true
	}
	return 1, false
}

// Verdict is what a comparison says of two configurations.
type Verdict int

const (
	Untested   Verdict = iota // no test: what is true is not told
	Unresolved                // it may be chance
	Better
	Worse
)

// String is the verdict in a word.
func (v Verdict) String() string { return [...]string{"untested", "unresolved", "better", "worse"}[v] }

// MarshalText makes it that in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Verdict judges by a p-value that has been corrected for the family of tests.
// Nothing is better that fails more often.
func (c Comparison) Verdict(corrected float64) Verdict {
	if _, ok := c.P(); !ok {
		return Untested
	}
	greater := c.Mean > 0
	if c.Rank != nil {
		greater = c.Rank.Greater
	}
	switch {
	case corrected >= Level:
		return Unresolved
	case !greater:
		return Worse
	case c.Failed[0] > c.Failed[1]:
		return Unresolved
	}
	return Better
}
