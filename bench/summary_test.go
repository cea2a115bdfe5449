package main

import (
	"slices"
	"testing"
)

func TestSummarise(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		want   Summary
	}{
		{"one", []float64{3}, Summary{3, 3, 3, 1}},
		{"odd", []float64{9, 1, 4}, Summary{4, 1, 9, 3}},
		{"even", []float64{8, 1, 2, 4}, Summary{3, 1, 8, 4}},
		{"equal", []float64{2, 2, 2, 2}, Summary{2, 2, 2, 4}},
		{"negative", []float64{-1, -5}, Summary{-3, -5, -1, 2}},
	} {
		before := slices.Clone(c.values)
		if got := summarise(c.values); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("%s: the values were reordered", c.name)
		}
	}
}

func TestQuotients(t *testing.T) {
	if got, want := quotients([]float64{6, 8, 1}, []float64{3, 2}), []float64{2, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCurve(t *testing.T) {
	c := &curve{ages: []float64{1, 3}, cosines: []float64{0.8, 0.6}}
	for age, want := range []float64{1, 0.8, 0.7, 0.6, 0.6} {
		if got := c.at(float64(age)); got < want-1e-12 || got > want+1e-12 {
			t.Errorf("age %d: %v, want %v", age, got, want)
		}
	}
	if got, want := c.mean(4), (1+0.8+0.7+0.6)/4; got < want-1e-12 || got > want+1e-12 {
		t.Errorf("mean %v, want %v", got, want)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234.4: "1234", 12.34: "12.3", 0.01234: "0.0123", -250.2: "-250", 1: "1"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
