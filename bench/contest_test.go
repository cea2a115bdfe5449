package main

import (
	"errors"
	"slices"
	"testing"
)

// TestCompete checks the order of measurements and how many calls each has.
func TestCompete(t *testing.T) {
	var order []string
	calls := map[string]int{}
	side := func(name string, seconds float64) *contender {
		return &contender{run: func(n int) (span, error) {
			order = append(order, name)
			calls[name] = n
			return span{float64(n) * seconds, float64(n) * seconds / 2}, nil
		}}
	}
	a, b := side("a", 1), side("b", 0.1)
	if err := (effort{rounds: 4, window: 0.95, budget: 100}).compete(a, b); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "b", "a", "b", "b", "a", "a", "b", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if calls["a"] != 1 || calls["b"] != 10 {
		t.Errorf("calls %v, want 1 of a and 10 of b", calls)
	}
	if len(a.wall) != 4 || a.wall[0] != 1 || a.cpu[0] != 0.5 || summarise(b.wall).Median != 0.1 {
		t.Errorf("a %+v, b %+v", a, b)
	}
	c := side("c", 1)
	if err := (effort{rounds: 100, window: 0, budget: 7}).compete(c); err != nil || len(c.wall) != 7 {
		t.Errorf("%d rounds in a budget of 7 s, error %v", len(c.wall), err)
	}
	// Long runs: none before, and as many rounds as the budget has room for.
	order = nil
	a, b = side("a", 5), side("b", 1)
	if err := (effort{rounds: 9, budget: 13}).once(a, b); err != nil || !slices.Equal(order, []string{"a", "b", "b", "a"}) {
		t.Errorf("order %v, error %v", order, err)
	}
	broken := errors.New("broken")
	if err := (effort{rounds: 1}).compete(&contender{run: func(int) (span, error) { return span{}, broken }}); err != broken {
		t.Errorf("error %v, want %v", err, broken)
	}
}
