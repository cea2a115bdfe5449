package main

import (
	"errors"
	"fmt"
	"math"

	"srn/pkg/device"
	"srn/pkg/srn/guidance"
)

// Refresh says what srn-fit costs at one refresh interval of the guidance,
// and how stale its gradient becomes.
type Refresh struct {
	Every int `json:"every"`
	// Cost is the time of as many steps as the interval, over that of steps
	// of plain cross-entropy.
	Cost Summary `json:"cost"`
	// Last is the cosine between the gradient in use and the exact one at the
	// last step before a refresh, at each place of the trajectory; Mean is
	// the mean over the interval's steps and the places.
	Last []float64 `json:"cosine_last"`
	Mean float64   `json:"cosine_mean"`
	// The same with one of as many blocks refreshed at every step: the cost, and
	// the mean over the places of the cosine once a cycle has passed.
	CyclicCost   Summary `json:"cyclic_cost"`
	CyclicCosine float64 `json:"cyclic_cosine"`
}

// refresh measures training guided by a surrogate against plain training.
func (b *bench) refresh() (section, error) {
	arch := b.usual()
	var table []Refresh
	for _, every := range b.refreshes {
		r := Refresh{Every: every}
		var err error
		if r.Cost, err = b.guidanceCost(arch, every, "whole"); err != nil {
			return section{}, err
		}
		if r.CyclicCost, err = b.guidanceCost(arch, every, "cyclic"); err != nil {
			return section{}, err
		}
		if r.CyclicCosine, err = b.cyclicCosine(arch, every); err != nil {
			return section{}, err
		}
		table = append(table, r)
	}
	curves, err := b.staleness(arch)
	if err != nil {
		return section{}, err
	}
	header := []string{"refresh every", "time over CE", "min … max", "aim"}
	for _, at := range b.trajectory {
		header = append(header, fmt.Sprintf("last cosine, step %d", at))
	}
	s := section{Name: "refresh", Data: table, table: [][]string{append(header, "mean cosine", "cyclic: time over CE", "cyclic: mean cosine")},
		Title: fmt.Sprintf("srn-fit --method srn --guidance-every K, %s, batch %d, %d threads", arch, b.batch, b.mostThreads()),
		Notes: []string{"cosines: of the gradient in use to the exact one, along a trajectory from initialisation; untrained surrogate"}}
	for i := range table {
		r := &table[i]
		row := []string{fmt.Sprint(r.Every), number(r.Cost.Median), spread(r.Cost), ""}
		if r.Every == 10 {
			row[3] = "≤ 1.25"
		}
		for _, c := range curves {
			r.Last = append(r.Last, c.at(float64(r.Every-1)))
			r.Mean += c.mean(r.Every) / float64(len(curves))
			row = append(row, fmt.Sprintf("%.4f", r.Last[len(r.Last)-1]))
		}
		s.table = append(s.table, append(row, fmt.Sprintf("%.4f", r.Mean), number(r.CyclicCost.Median), fmt.Sprintf("%.4f", r.CyclicCosine)))
	}
	return s, b.clean()
}

// guidanceCost compares whole intervals of guided steps with plain ones.
func (b *bench) guidanceCost(arch string, every int, refresh string) (_ Summary, err error) {
	var list []*contender
	for _, f := range []fitting{
		{arch: arch, method: "ce", batch: b.batch},
		{arch: arch, method: "srn", every: every, refresh: refresh, batch: b.batch},
	} {
		be := b.backend(b.mostThreads())
		defer be.Close()
		s, failed := newStepper(be, b.data, b.dir, f)
		if failed != nil {
			return Summary{}, failed
		}
		defer func() { err = errors.Join(err, s.close()) }()
		list = append(list, s.contender(every))
	}
	if err := b.effort().compete(list...); err != nil {
		return Summary{}, err
	}
	return summarise(quotients(list[1].wall, list[0].wall)), b.clean()
}

// curve holds cosines by age in steps; age 0 has cosine 1.
type curve struct{ ages, cosines []float64 }

// at interpolates between measured ages.
func (c *curve) at(age float64) float64 {
	before, value := 0.0, 1.0
	for i, a := range c.ages {
		if age <= a {
			return value + (c.cosines[i]-value)*(age-before)/(a-before)
		}
		before, value = a, c.cosines[i]
	}
	return value
}

// mean is the mean over the first n ages.
func (c *curve) mean(n int) float64 {
	sum := 0.0
	for age := range n {
		sum += c.at(float64(age))
	}
	return sum / float64(n)
}

// staleness follows a training run, and compares the gradient of r at some of
// its steps with those at the steps after.
func (b *bench) staleness(arch string) (curves []*curve, err error) {
	be := b.backend(b.mostThreads())
	defer be.Close()
	s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, err := newSurrogate(be, s.net)
	if err != nil {
		return nil, err
	}
	stale, exact := be.New(s.net.Params().Len()), be.New(s.net.Params().Len())
	taken := 1 // the run's first parameters are those after a step
	if err := s.steps(taken); err != nil {
		return nil, err
	}
	advance := func(to int) error {
		if to <= taken {
			return nil
		}
		n := to - taken
		taken = to
		return s.steps(n)
	}
	for _, start := range b.trajectory {
		if err := advance(start); err != nil {
			return nil, err
		}
		from := taken
		r.Gradient(stale, s.net.Params())
		c := &curve{}
		for _, age := range b.ages {
			if err := advance(from + age); err != nil {
				return nil, err
			}
			r.Gradient(exact, s.net.Params())
			c.ages, c.cosines = append(c.ages, float64(age)), append(c.cosines, cosine(be, stale, exact))
		}
		curves = append(curves, c)
	}
	return curves, nil
}

// cyclicCosine follows a training run with a cycle of blocks from some of its
// steps on, and compares its gradient with the exact one.
func (b *bench) cyclicCosine(arch string, every int) (mean float64, err error) {
	be := b.backend(b.mostThreads())
	defer be.Close()
	s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, err := newSurrogate(be, s.net)
	if err != nil {
		return 0, err
	}
	g, err := guidance.New(be, r, guidance.Options{Lambda: 1, Every: every, Refresh: "cyclic"})
	if err != nil {
		return 0, err
	}
	stale, exact := be.New(s.net.Params().Len()), be.New(s.net.Params().Len())
	taken := 0
	for _, start := range b.trajectory {
		if n := max(start, 1) - taken; n > 0 {
			if err := s.steps(n); err != nil {
				return 0, err
			}
			taken += n
		}
		g.Invalidate()
		g.Step(nil, s.net.Params(), nil)
		for range every {
			if err := s.steps(1); err != nil {
				return 0, err
			}
			taken++
			g.Step(nil, s.net.Params(), nil)
		}
		be.Fill(stale, 0)
		g.Add(stale)
		r.Gradient(exact, s.net.Params())
		mean += cosine(be, stale, exact) / float64(len(b.trajectory))
	}
	return mean, nil
}

func cosine(be device.Vectors, x, y device.Buffer) float64 {
	return be.Dot(x, y) / math.Sqrt(be.Dot(x, x)*be.Dot(y, y))
}
