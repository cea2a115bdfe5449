package srn

import (
	"fmt"
	"math"
	"time"

	"srn/pkg/device"
)

// GuidanceConfig says how strongly and how freshly the surrogate guides.
type GuidanceConfig struct {
	Lambda float64 `json:"lambda_srn" name:"lambda-srn" default:"1" placeholder:"X" help:"Weight λ of r in the loss (${default})." why:"Table 1; with it λ‖∇r‖ is about 5e-5 of the task gradient's norm, which the records show"`
	Ratio  float64 `json:"guidance_ratio" name:"guidance-ratio" default:"0" placeholder:"X" help:"Scale ∇r to this fraction of the task gradient's norm at every step instead of using λ; 0 is off (${default})." why:"the literal λ decides the default; a ratio makes guidance matter however small r's slope is"`
	Every  int     `json:"guidance_every" name:"guidance-every" default:"10" placeholder:"N" help:"Compute ∇r anew every N steps; 1 is exact (${default})." why:"an exact ∇r costs about one and a half training steps of ResNet-20; after 10 steps it still has a cosine of 0.99 to the exact one (bench/README.md)"`
}

// DefaultGuidance is λ = 1 with a gradient computed every 10 steps.
func DefaultGuidance() GuidanceConfig { return GuidanceConfig{Lambda: 1, Every: 10} }

// Check returns an error that names the first field that cannot be.
func (c GuidanceConfig) Check() error {
	switch {
	case math.IsNaN(c.Lambda) || math.IsInf(c.Lambda, 0):
		return fmt.Errorf("lambda-srn: %g is no number", c.Lambda)
	case !(c.Ratio >= 0) || math.IsInf(c.Ratio, 0):
		return fmt.Errorf("guidance-ratio: %g is negative or no number", c.Ratio)
	case c.Every < 1:
		return fmt.Errorf("guidance-every: %d steps, want at least 1", c.Every)
	}
	return nil
}

// Guidance adds λ·∇_Θ r to a classifier's gradient. ∇_Θ r is computed every
// so many steps and used again in between.
type Guidance struct {
	GuidanceConfig
	s     *Surrogate
	be    device.Backend
	grad  device.Buffer // ∇u at the latest refresh
	norm  float64       // its norm
	value Value
	age   int // steps that the gradient has served
	valid bool

	refreshes, clipped int

	spent time.Duration // on evaluations since Evaluation was called
	count int           // of these
}

// NewGuidance makes guidance by a surrogate, whose φ may change later on:
// call Invalidate then.
func NewGuidance(be device.Backend, s *Surrogate, c GuidanceConfig) (*Guidance, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &Guidance{GuidanceConfig: c, s: s, be: be, grad: be.New(s.target.Len())}, nil
}

// Invalidate makes the next step compute a new gradient: after a change of
// φ, and wherever a run can be stopped and resumed, so that it goes on as if
// it had not been stopped.
func (g *Guidance) Invalidate() { g.valid = false }

// Due reports whether the next step computes a new gradient.
func (g *Guidance) Due() bool { return !g.valid || g.age >= g.Every }

// Step readies the guidance for a step from the parameters, by a new gradient
// where one is due, and returns r as of the latest refresh.
func (g *Guidance) Step(params device.Buffer) (r float64) {
	if g.Due() {
		g.Refresh(params)
	}
	g.age++
	return g.value.R
}

// Refresh computes r and its gradient at the parameters.
func (g *Guidance) Refresh(params device.Buffer) (r float64) {
	begin := time.Now()
	g.value = g.s.Gradient(g.grad, params)
	g.spent += time.Since(begin)
	g.count++
	g.norm = math.Sqrt(g.be.Dot(g.grad, g.grad))
	g.age, g.valid = 0, true
	g.refreshes++
	if g.value.Clipped {
		g.clipped++
	}
	return g.value.R
}

// Add adds the guidance to a gradient of the task loss with a known norm and
// returns the ratio of its norm to that one.
func (g *Guidance) Add(gradient device.Buffer, taskNorm float64) (ratio float64) {
	c := g.factor(taskNorm)
	if c == 0 {
		return 0
	}
	g.be.Axpy(gradient, float32(c), g.grad)
	return math.Abs(c) * g.norm / taskNorm
}

// factor is what ∇u is multiplied by.
func (g *Guidance) factor(taskNorm float64) float64 {
	if g.Ratio == 0 {
		return g.Lambda * g.value.slope
	}
	if g.norm == 0 || g.value.slope == 0 {
		return 0
	}
	return g.Ratio * taskNorm / g.norm
}

// Evaluation is the mean wall time in seconds of an evaluation of r and ∇r
// since it was last asked for, NaN where there was none.
func (g *Guidance) Evaluation() (seconds float64) {
	seconds = g.spent.Seconds() / float64(g.count)
	g.spent, g.count = 0, 0
	return seconds
}

// GradNorm is ‖∇_Θ r‖ at the latest refresh.
func (g *Guidance) GradNorm() float64 { return math.Abs(g.value.slope) * g.norm }

// Gradient returns ∇_Θ u of the latest refresh, which is ∇_Θ r but for the
// factor Slope of its Value.
func (g *Guidance) Gradient() (device.Buffer, Value) { return g.grad, g.value }

// weight is the factor of ∇r, λ unless a ratio is asked for.
func (g *Guidance) weight(taskNorm float64) float64 {
	if g.Ratio == 0 || g.value.slope == 0 {
		return g.Lambda
	}
	return g.factor(taskNorm) / g.value.slope
}
