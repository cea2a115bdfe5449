package curvature

import "math"

// Curve is a density on an even grid.
type Curve struct {
	Grid      []float64
	Values    []float64
	Bandwidth float64 // standard deviation of the Gaussian kernel
}

// gridMargin is how many bandwidths the grid goes beyond the outermost nodes, so
// that what lies outside cannot be seen.
const gridMargin = 5

// Smooth is the mean of the runs' distributions, each node replaced by a
// Gaussian of the bandwidth, on a grid of points that reaches beyond them all.
// It integrates to 1. A bandwidth of 0 is the range of the nodes over the
// number of those of the longest run, about the finest that they resolve.
func (d *Density) Smooth(points int, bandwidth float64) Curve {
	lo, hi := d.Range()
	if bandwidth == 0 {
		steps := 0
		for _, q := range d.Runs {
			steps = max(steps, len(q.Nodes))
		}
		bandwidth = (hi - lo) / float64(steps)
	}
	if bandwidth == 0 { // one eigenvalue alone
		bandwidth = max(1e-3*math.Abs(hi), math.SmallestNonzeroFloat32)
	}
	lo, hi = lo-gridMargin*bandwidth, hi+gridMargin*bandwidth
	c := Curve{Bandwidth: bandwidth}
	height := 1 / (bandwidth * math.Sqrt(2*math.Pi) * float64(len(d.Runs)))
	for i := range points {
		x := lo + (hi-lo)*float64(i)/float64(points-1)
		var y float64
		for _, q := range d.Runs {
			for j, node := range q.Nodes {
				z := (x - node) / bandwidth
				y += q.Weights[j] * math.Exp(-z*z/2)
			}
		}
		c.Grid, c.Values = append(c.Grid, x), append(c.Values, height*y)
	}
	return c
}
