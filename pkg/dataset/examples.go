package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/rng"
)

// Examples is the value of a flag that chooses images of a split: "N" for a
// seeded random subset of N, "first:N" for the first N in the split's order,
// "all", the zero value, for all.
type Examples struct {
	N     int
	First bool
}

// UnmarshalText reads the flag's value.
func (e *Examples) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "all" {
		*e = Examples{}
		return nil
	}
	number, first := strings.CutPrefix(s, "first:")
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return fmt.Errorf("%q chooses no examples: want N, first:N or all", s)
	}
	*e = Examples{n, first}
	return nil
}

// String is the flag's value.
func (e Examples) String() string {
	switch {
	case e.N == 0:
		return "all"
	case e.First:
		return "first:" + strconv.Itoa(e.N)
	}
	return strconv.Itoa(e.N)
}

// Of returns the chosen ones of a split's indices. The seed matters to a
// random subset alone.
func (e Examples) Of(indices []int32, seed uint64) ([]int32, error) {
	if e.N > len(indices) {
		return nil, fmt.Errorf("%s examples of a split that has %d", e, len(indices))
	}
	switch {
	case e.N == 0:
		return indices, nil
	case e.First:
		return First(indices, e.N), nil
	}
	return Subset(indices, e.N, seed), nil
}

// First returns the first n indices.
func First(indices []int32, n int) []int32 { return indices[:n:n] }

// Subset returns n of the indices chosen at random, in ascending order. With
// one seed, a smaller subset is part of every larger one.
func Subset(indices []int32, n int, seed uint64) []int32 {
	v := slices.Clone(indices)
	r := rng.New(seed, rng.Stream("subset"))
	for i := range n {
		j := i + r.IntN(len(v)-i)
		v[i], v[j] = v[j], v[i]
	}
	v = v[:n:n]
	slices.Sort(v)
	return v
}
