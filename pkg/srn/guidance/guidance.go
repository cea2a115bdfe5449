package guidance

import (
	"math"
	"time"

	"srn/pkg/device"
	"srn/pkg/run"
	"srn/pkg/srn/surrogate"
)

// Options say how strongly and how freshly the surrogate guides.
type Options struct {
	Lambda  float64 `json:"lambda_srn" name:"lambda-srn" default:"1" placeholder:"X" help:"Weight λ of r in the loss (${default})." why:"Table 1; with it λ‖∇r‖ is about 5e-5 of the task gradient's norm, which the records show"`
	Ratio   float64 `json:"guidance_ratio" name:"guidance-ratio" default:"0" placeholder:"X" help:"Scale ∇r to this fraction of the task gradient's norm at every step instead of using λ; 0 is off (${default})." why:"the literal λ decides the default; a ratio makes guidance matter however small r's slope is"`
	Every   int     `json:"guidance_every" name:"guidance-every" default:"10" placeholder:"N" help:"Compute ∇r anew every N steps; 1 is exact (${default}). A dictionary's guidance is always new." why:"an exact ∇r costs about one and a half training steps of ResNet-20; after 10 steps it still has a cosine of 0.99 to the exact one (bench/README.md)"`
	Refresh string  `json:"guidance_refresh,omitempty" name:"guidance-refresh" enum:"whole,cyclic" default:"whole" placeholder:"KIND" help:"What is computed anew: whole, all of ∇r every so many steps; cyclic, one of as many blocks of the sequence at every step, at the same cost over all but without slow steps (conv alone): whole, cyclic (${default})." why:"both are as stale on average and cost the same over all; whole has one origin, which gradients through it need"`
}

// DefaultOptions is λ = 1 with a gradient computed every 10 steps.
func DefaultOptions() Options { return Options{Lambda: 1, Every: 10, Refresh: "whole"} }

// Check returns an error that names the first field that cannot be.
func (c Options) Check() error {
	switch {
	case math.IsNaN(c.Lambda) || math.IsInf(c.Lambda, 0):
		return run.Refuse("lambda_srn", "%g is no number", c.Lambda)
	case !(c.Ratio >= 0) || math.IsInf(c.Ratio, 0):
		return run.Refuse("guidance_ratio", "%g is negative or no number", c.Ratio)
	case c.Every < 1 || c.Every > mostSteps:
		return run.Refuse("guidance_every", "%d steps, want 1 to %d", c.Every, mostSteps)
	case c.Refresh == "": // of a state or a caller that knows no other
		return nil
	}
	return run.OneOf("guidance_refresh", c.Refresh, "whole", "cyclic")
}

// mostSteps is more than a guidance is worth using again for.
const mostSteps = 1_000_000

// Guidance adds λ·h to a classifier's gradient, for the h of a surrogate, or h
// scaled to a held fraction of that gradient's norm. What depends on Θ alone
// is computed every so many steps and used again in between.
type Guidance struct {
	Options
	s     surrogate.Surrogate
	be    device.Backend
	blend device.Blend
	grad  device.Buffer // h at the latest refresh
	norm  float64       // its norm
	value surrogate.Value
	age   int // steps that h has served
	valid bool
	path  *path  // nil: the surrogate does not read it
	cycle *cycle // nil: h is computed whole

	refreshes, clipped int

	spent time.Duration // on evaluations since Evaluation was called
	timed int           // of these
}

// path is what a surrogate that reads it is told of the way to Θ.
type path struct {
	start, average device.Buffer
	change         device.Buffer // scratch
	begun          bool
}

// New makes guidance by a surrogate, whose φ may change later on:
// call Invalidate then.
func New(be device.Backend, s surrogate.Surrogate, c Options) (*Guidance, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	n := s.Target().Len()
	g := &Guidance{Options: c, s: s, be: be, blend: be.Blend(), grad: be.New(n)}
	if s.ReadsPath() {
		g.path = &path{start: be.New(n), average: be.New(n), change: be.New(n)}
	}
	if c.Refresh == "cyclic" {
		var err error
		if g.cycle, err = newCycle(s, c.Every); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Invalidate makes the next step compute a new h: after a change of φ, and
// wherever a run can be stopped and resumed without the guidance's state.
func (g *Guidance) Invalidate() { g.valid = false }

// Restart also makes the next step's Θ the beginning of the path.
func (g *Guidance) Restart() {
	g.Invalidate()
	if g.path != nil {
		g.path.begun = false
	}
}

// Due reports whether the next step computes a new h.
func (g *Guidance) Due() bool {
	return !g.valid || g.path != nil || g.cycle != nil || g.age >= g.Every
}

// Step is what guides one step.
type Step struct {
	R     float64         // r as of the latest refresh; 0 where the surrogate has no score
	Fresh bool            // h was computed anew
	At    surrogate.Point // where the step begins
}

// Step readies the guidance for a step from the parameters, by a new h where
// one is due. Gradient is the task loss's, and velocity the momentum's before
// the step.
func (g *Guidance) Step(gradient, params, velocity device.Buffer) Step {
	s := Step{Fresh: g.Due(), At: g.point(gradient, params, velocity)}
	if s.Fresh {
		g.refresh(s.At)
	}
	g.age++
	s.R = g.value.R
	return s
}

// Add adds the guidance to a gradient of the task loss.
func (g *Guidance) Add(gradient device.Buffer) {
	switch {
	case g.Ratio == 0:
		g.blend.Add(gradient, g.grad, g.norm, g.Lambda*g.value.Slope, 0)
	case g.norm != 0 && g.value.Slope != 0:
		g.blend.Add(gradient, g.grad, g.norm, 0, g.Ratio)
	}
}

// Ratios is the sum, over the steps that Add was called in, of what it added
// relative to the gradient of the task loss, by their norms. SetRatios replaces
// it.
func (g *Guidance) Ratios() float64       { return g.blend.Ratios() }
func (g *Guidance) SetRatios(sum float64) { g.blend.SetRatios(sum) }

// point follows the path to the parameters.
func (g *Guidance) point(gradient, params, velocity device.Buffer) surrogate.Point {
	at := surrogate.Point{Params: params, Grad: gradient, Velocity: velocity}
	if p := g.path; p != nil {
		if !p.begun {
			g.be.Copy(p.start, params)
			g.be.Copy(p.average, params)
			p.begun = true
		}
		// As a difference, so that an average of what does not change is exact.
		g.be.Copy(p.change, params)
		g.be.Axpy(p.change, -1, p.average)
		g.be.Axpy(p.average, float32(1-g.s.Configuration().AverageDecay), p.change)
		at.Start, at.Average = p.start, p.average
	}
	return at
}

// refresh computes h.
func (g *Guidance) refresh(at surrogate.Point) {
	g.be.Wait()
	begin := time.Now()
	if g.cycle != nil {
		g.value = g.cycle.turn(g.grad, at.Params, !g.valid)
	} else {
		g.value = g.s.Guide(g.grad, at)
	}
	g.spent += time.Since(begin)
	g.timed++
	g.norm = math.Sqrt(g.be.Dot(g.grad, g.grad))
	g.age, g.valid = 0, true
	g.Count(g.value)
}

// Count counts an evaluation of the surrogate beside those of the guidance.
func (g *Guidance) Count(v surrogate.Value) {
	g.refreshes++
	if v.Clipped {
		g.clipped++
	}
}

// Clipped is the fraction of the evaluations of r since ResetClipped that a hard
// ceiling held.
func (g *Guidance) Clipped() float64 { return float64(g.clipped) / float64(max(g.refreshes, 1)) }

// ResetClipped forgets the evaluations so far.
func (g *Guidance) ResetClipped() { g.refreshes, g.clipped = 0, 0 }

// Evaluation is the mean wall time in seconds of an evaluation of r and ∇r
// since it was last asked for, NaN where there was none.
func (g *Guidance) Evaluation() (seconds float64) {
	seconds = g.spent.Seconds() / float64(g.timed)
	g.spent, g.timed = 0, 0
	return seconds
}

// GradNorm is ‖∇_Θ r‖ at the latest refresh.
func (g *Guidance) GradNorm() float64 { return math.Abs(g.value.Slope) * g.norm }

// Weight is the factor of ∇r beside a gradient of the task loss with a given
// norm: λ unless a ratio is asked for.
func (g *Guidance) Weight(taskNorm func() float64) float64 {
	switch {
	case g.Ratio == 0 || g.value.Slope == 0:
		return g.Lambda
	case g.norm == 0:
		return 0
	}
	return g.Ratio * taskNorm() / g.norm / g.value.Slope
}
