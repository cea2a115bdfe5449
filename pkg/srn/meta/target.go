package meta

import (
	"fmt"
	"math"

	"srn/pkg/run"
)

// TargetConfig says how the meta-target s_meta of Eq. 6 is made.
type TargetConfig struct {
	MarginConfig
	GammaMar float64 `json:"gamma_mar" default:"1" placeholder:"X" help:"Weight γ_mar of the inverse margin in s_meta (${default})." why:"the paper's best in Table 4, and what its Tables 5 and 7 agree with; Table 2 agrees with 0.5 for ResNet-20"`
	Z        string  `json:"z" enum:"running,ema,window,none" default:"running" placeholder:"KIND" help:"Statistics of z(): mean and deviation over all rounds so far, exponentially weighted, over a window of rounds, or no normalisation: running, ema, window, none (${default})." why:"Eq. 6 leaves z undefined; running statistics have no constant to choose"`
	ZFloor   float64 `json:"z_floor" default:"0.1" placeholder:"X" help:"Smallest standard deviation in z() (${default})." why:"of two rounds, z would be ±1 whatever their difference; 0.1 is about twice what the loss of 400 images is uncertain by"`
	ZDecay   float64 `json:"z_decay" default:"0.9" placeholder:"X" help:"Weight of the past in z() with --z ema (${default})." why:"averages over about 10 rounds"`
	ZWindow  int     `json:"z_window" default:"20" placeholder:"N" help:"Rounds in z() with --z window (${default})." why:"a fifth of the schedule"`
}

// DefaultTarget is γ_mar 1, running statistics and the floored mean margin.
func DefaultTarget() TargetConfig {
	return TargetConfig{MarginConfig: MarginConfig{Margin: "correct", MarginFloor: 0.1, MarginTau: 1},
		GammaMar: 1, Z: "running", ZFloor: 0.1, ZDecay: 0.9, ZWindow: 20}
}

// Check returns an error that names the first field that cannot be.
func (c TargetConfig) Check() error {
	if err := c.MarginConfig.Check(); err != nil {
		return err
	}
	switch {
	case math.IsNaN(c.GammaMar) || math.IsInf(c.GammaMar, 0):
		return run.Refuse("gamma_mar", "%g is no number", c.GammaMar)
	case !(c.ZFloor > 0) || math.IsInf(c.ZFloor, 0):
		return run.Refuse("z_floor", "%g is not above 0", c.ZFloor)
	case !(c.ZDecay > 0 && c.ZDecay < 1):
		return run.Refuse("z_decay", "%g is not between 0 and 1", c.ZDecay)
	case c.ZWindow < 2 || c.ZWindow > 1_000_000:
		return run.Refuse("z_window", "%d rounds, want 2 to 1000000", c.ZWindow)
	}
	return run.OneOf("z", c.Z, "running", "ema", "window", "none")
}

// Target makes s_meta = z(L_val) + γ_mar·z(1/𝓜), round by round.
type Target struct {
	TargetConfig
	loss, inverse zScore
}

// NewTarget starts without statistics.
func NewTarget(c TargetConfig) *Target { return &Target{TargetConfig: c} }

// Score is a meta-target with its parts.
type Score struct {
	SMeta           float64
	ZLoss, ZInverse float64
	lossDev, invDev float64 // what the parts were divided by
}

// Next takes a round's validation loss and inverse margin into the statistics
// and returns their meta-target: the statistics include the round itself.
func (t *Target) Next(loss, inverseMargin float64) Score {
	var s Score
	s.ZLoss, s.lossDev = t.loss.next(t.TargetConfig, loss)
	s.ZInverse, s.invDev = t.inverse.next(t.TargetConfig, inverseMargin)
	s.SMeta = s.ZLoss + t.GammaMar*s.ZInverse
	return s
}

// zScore holds the statistics of one quantity.
type zScore struct {
	n        float64
	mean, m2 float64   // m2: sum of squared deviations, or the variance of an EMA
	window   []float64 // the latest values, oldest first
}

// next takes a value in and returns its z-score and the deviation used.
func (z *zScore) next(c TargetConfig, x float64) (score, deviation float64) {
	variance := 0.0
	switch c.Z {
	case "none":
		return x, 1
	case "running":
		z.n++
		d := x - z.mean
		z.mean += d / z.n
		z.m2 += d * (x - z.mean)
		variance = z.m2 / z.n
	case "ema":
		if z.n++; z.n == 1 {
			z.mean = x
		}
		d := x - z.mean
		z.mean += (1 - c.ZDecay) * d
		z.m2 = c.ZDecay * (z.m2 + (1-c.ZDecay)*d*d)
		variance = z.m2
	case "window":
		if z.window = append(z.window, x); len(z.window) > c.ZWindow {
			z.window = z.window[1:]
		}
		z.mean = 0
		for _, v := range z.window {
			z.mean += v / float64(len(z.window))
		}
		for _, v := range z.window {
			variance += (v - z.mean) * (v - z.mean) / float64(len(z.window))
		}
	}
	deviation = max(math.Sqrt(variance), c.ZFloor)
	return (x - z.mean) / deviation, deviation
}

// state lists the statistics' numbers, and restore takes them back.
func (z *zScore) state() []float64 {
	return append([]float64{z.n, z.mean, z.m2}, z.window...)
}

func (z *zScore) restore(c TargetConfig, v []float64) error {
	switch {
	case len(v) < 3 || len(v) > 3+c.ZWindow:
		return fmt.Errorf("%d numbers of z(), want 3 to %d", len(v), 3+c.ZWindow)
	case v[0] < 0 || v[2] < 0:
		return fmt.Errorf("a count of %g, or squares of %g, are negative", v[0], v[2])
	}
	z.n, z.mean, z.m2 = v[0], v[1], v[2]
	z.window = append([]float64(nil), v[3:]...)
	return nil
}
