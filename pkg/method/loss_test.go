package method

import (
	"fmt"
	"math"
	"testing"

	"srn/pkg/rng"
)

// rowLosses are the losses of logits, for K classes.
func rowLosses(classes int) map[string]loss {
	smooth := &smooth01{first: 3, last: 3}
	smooth.begin(&Step{Steps: 1})
	adaptive := &barron{rate: 0.1, floor: 0.1, a: 0.7, s: -0.5}
	adaptive.settle()
	energy := &energyIn{weight: 0.3, bound: -1}
	return map[string]loss{
		"confidence-penalty": &confidencePenalty{beta: 0.3},
		"logitnorm":          &logitNorm{tau: 0.2},
		"smooth01":           smooth,
		"barron":             adaptive,
		"energy-in":          energy,
		"energy-out":         outHinge{&energyOOD{energyIn: energy, out: 5}},
		"l2t-dlf":            perturbed(newL2TDLF(classes, 0.3, 0)),
		"l2t-dln":            newL2TDLN(classes, 6, 0.3, 0, 2),
		"smooth-error":       &smoothError{sharpness: 3},
		"focal":              &focal{},
		"absolute-error":     &absoluteError{},
		"logit-margin":       &logitMargin{},
	}
}

// perturbed moves the teacher away from where it begins.
func perturbed(l *l2tDLF) *l2tDLF {
	r := rng.New(9)
	for i := range l.phi {
		l.phi[i] += 0.3 * r.NormFloat64()
	}
	l.watch(&Step{Number: 3, Steps: 4}, 0.4)
	return l
}

// drawn is slf with the noise of a step.
func drawn(classes int, hard bool) *slf {
	l := newSLF(classes, 7, 2, hard, 0, 3)
	l.mix, l.hot, l.cold = 0.2, 1, 0.5
	l.begin(&Step{Number: 2, Steps: 5})
	return l
}

// example draws logits and a target: one-hot, or soft.
func example(r *rng.Rand, classes int, soft bool) (z, t []float64) {
	z, t = make([]float64, classes), make([]float64, classes)
	for k := range z {
		z[k] = 2 * r.NormFloat64()
	}
	if !soft {
		t[r.IntN(classes)] = 1
		return z, t
	}
	sum := 0.0
	for k := range t {
		t[k] = r.Float64()
		sum += t[k]
	}
	for k := range t {
		t[k] /= sum
	}
	return z, t
}

// slope is the derivative of f at x[i] by a central difference.
func slope(f func() float64, x *float64) float64 {
	const h = 1e-5
	at := *x
	*x = at + h
	up := f()
	*x = at - h
	down := f()
	*x = at
	return (up - down) / (2 * h)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(1+math.Abs(want))) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

func TestGradientsInTheLogits(t *testing.T) {
	for _, classes := range []int{2, 3, 10} {
		for name, l := range rowLosses(classes) {
			for _, soft := range []bool{false, true} {
				r := rng.New(4, uint64(classes))
				for range 5 {
					z, target := example(r, classes, soft)
					d, scratch := make([]float64, classes), make([]float64, classes)
					l.row(d, z, target)
					for k := range z {
						want := slope(func() float64 { return l.row(scratch, z, target) }, &z[k])
						near(t, fmt.Sprintf("%s, %d classes, soft %v: ∂/∂z_%d", name, classes, soft, k), d[k], want, 2e-8)
					}
				}
			}
		}
	}
}

// TestLimitsAreCrossEntropy compares bits: rows are evaluated in the very
// arithmetic of the backend's cross-entropy.
func TestLimitsAreCrossEntropy(t *testing.T) {
	warm := &smooth01{first: 2, last: 10, warmup: 1}
	warm.begin(&Step{Number: 9, Steps: 10})
	for name, l := range map[string]loss{
		"confidence-penalty, β = 0": &confidencePenalty{},
		"energy-in, w = 0":          &energyIn{bound: -1},
		"energy-in, m_in large":     &energyIn{weight: 1, bound: 1e9},
		"smooth01, warming up":      warm,
		"l2t-dlf, μ = 1":            newL2TDLF(5, 1, 0),
		"l2t-dln, μ = 1":            newL2TDLN(5, 6, 1, 0, 2),
		"slf, μ = 1":                &slf{mix: 1},
		"ala, μ = 1":                newALA(5, 1, 0.1, 4, 0, 1),
	} {
		r := rng.New(5)
		for range 20 {
			z, target := example(r, 5, false)
			d, want := make([]float64, 5), make([]float64, 5)
			got := l.row(d, z, target)
			if loss := crossEntropyRow(want, z, target); got != loss {
				t.Errorf("%s: loss %v, want %v", name, got, loss)
			}
			for k := range d {
				if d[k] != want[k] {
					t.Errorf("%s: gradient %v, want %v", name, d, want)
				}
			}
		}
	}
}

func TestSmooth01CountsErrorsInTheLimit(t *testing.T) {
	l := &smooth01{first: 1e4, last: 1e4}
	l.begin(&Step{Steps: 1})
	d := make([]float64, 3)
	for _, c := range []struct {
		z    []float64
		want float64
	}{{[]float64{2, 1, 0}, 0}, {[]float64{0, 1, 2}, 1}} {
		near(t, "loss", l.row(d, c.z, []float64{1, 0, 0}), c.want, 1e-9)
	}
}

func TestSharpnessOfSmooth01Grows(t *testing.T) {
	l := &smooth01{first: 2, last: 8, warmup: 0.5}
	for step, want := range map[int]float64{0: 0, 49: 0, 50: 2, 75: 4} {
		l.begin(&Step{Number: step, Steps: 100})
		near(t, fmt.Sprintf("K at step %d", step), l.sharpness, want, 1e-12)
	}
}

func TestLogitNormDoesNotSeeTheScale(t *testing.T) {
	l := &logitNorm{tau: 0.04}
	z, target := example(rng.New(6), 10, false)
	d := make([]float64, 10)
	loss := l.row(d, z, target)
	along := 0.0
	for k, v := range z {
		along += d[k] * v
	}
	near(t, "derivative along z", along, 0, 1e-5)
	for k := range z {
		z[k] *= 7
	}
	near(t, "loss of 7·z", l.row(d, z, target), loss, 1e-6)
}

func TestRobustLoss(t *testing.T) {
	// Closed forms, of which the general formula has α = 1 exactly and α near
	// 2 and 0 in the limit.
	for _, x := range []float64{-3, -0.2, 0, 0.7, 12} {
		near(t, "α = 1", robust(x, 1).value, math.Sqrt(x*x+1)-1, 1e-12)
		near(t, "α → 2", robust(x, 2-1e-9).value, x*x/2, 1e-6)
		near(t, "α → 0", robust(x, 1e-6).value, math.Log1p(x*x/2), 1e-4)
	}
	for _, alpha := range []float64{0.05, 0.5, 1, 1.9} {
		for _, at := range []float64{-3, 0.3, 20} {
			x, a := at, alpha
			r := robust(x, a)
			near(t, "∂ρ/∂x", r.dx, slope(func() float64 { return robust(x, a).value }, &x), 1e-8)
			near(t, "∂ρ/∂α", r.dAlpha, slope(func() float64 { return robust(x, a).value }, &a), 1e-6)
		}
	}
}

func TestPartition(t *testing.T) {
	// ∫exp(1 − √(x²+1))dx = 2e·K₁(1); ∫exp(−x²/2)dx = √(2π); ∫1/(1+x²/2)dx = π√2.
	near(t, "log Z(1)", logPartition(1).log, math.Log(2*math.E*0.6019072301972346), 1e-10)
	near(t, "log Z(2)", logPartition(2-1e-7).log, math.Log(2*math.Pi)/2, 1e-6)
	near(t, "log Z(0)", logPartition(1e-4).log, math.Log(math.Pi*math.Sqrt2), 1e-3)
	for _, alpha := range []float64{0.1, 0.5, 1, 1.7} {
		a := alpha
		near(t, fmt.Sprintf("slope at %g", alpha), logPartition(a).slope, slope(func() float64 { return logPartition(a).log }, &a), 1e-6)
	}
}

func TestBarronLearnsAlongItsGradient(t *testing.T) {
	b := &barron{rate: 1, floor: 0.1, a: 0.4, s: -0.3}
	b.settle()
	r := rng.New(7)
	var zs, ts [][]float64
	for range 4 {
		z, target := example(r, 3, false)
		zs, ts = append(zs, z), append(ts, target)
	}
	d := make([]float64, 3)
	mean := func() float64 {
		b.settle()
		sum := 0.0
		for i := range zs {
			sum += b.row(d, zs[i], ts[i])
		}
		return sum / 4
	}
	a, s := b.a, b.s
	wantA, wantS := slope(mean, &b.a), slope(mean, &b.s)
	b.settle()
	b.begin(nil)
	for i := range zs {
		b.row(d, zs[i], ts[i])
	}
	b.end(nil)
	near(t, "step in a", a-b.a, wantA, 1e-7)
	near(t, "step in s", s-b.s, wantS, 1e-7)
}

// mixedBy is ⟨∂ℓ/∂z, ż⟩ at the parameters as they are.
func mixedBy(l loss, z, target, zDot []float64) (sum float64) {
	d := make([]float64, len(z))
	l.row(d, z, target)
	for k, v := range d {
		sum += v * zDot[k]
	}
	return sum
}

// learned are losses whose parameters held-out images teach, with φ and the
// sums that mixed adds to. Of l2t-dlf these are W_t, then b.
func learned(classes int) map[string]struct {
	learnedLoss
	phi  [][]float64
	sums []float64
} {
	type entry = struct {
		learnedLoss
		phi  [][]float64
		sums []float64
	}
	dlf := perturbed(newL2TDLF(classes, 0.3, 0))
	mwn := newMetaWeightNet(6, 0, 0, 1)
	dln := newL2TDLN(classes, 6, 0.3, 0, 2)
	slf := drawn(classes, false)
	return map[string]entry{
		"l2t-dlf":         {dlf, [][]float64{dlf.w, dlf.b}, dlf.sums},
		"meta-weight-net": {mwn, [][]float64{mwn.phi}, mwn.sums},
		"l2t-dln":         {dln, [][]float64{dln.phi}, dln.sums},
		"slf":             {slf, [][]float64{slf.phi}, slf.sums},
	}
}

func TestMixedDerivativesOfLearnedLosses(t *testing.T) {
	const classes = 4
	r := rng.New(8)
	all := learned(classes)
	for _, soft := range []bool{false, true} {
		z, target := example(r, classes, soft)
		zDot, _ := example(r, classes, false)
		for name, c := range all {
			stopped := c.learnedLoss
			if l, ok := stopped.(*slf); ok { // through the inputs of its network there is no gradient
				stopped = slfAt{l, append([]float64(nil), z...)}
			}
			clear(c.sums)
			c.mixed(z, target, zDot)
			i := 0
			for _, phi := range c.phi {
				for j := range phi {
					want := slope(func() float64 { return mixedBy(stopped, z, target, zDot) }, &phi[j])
					near(t, fmt.Sprintf("%s, soft %v: φ_%d", name, soft, i), c.sums[i], want, 1e-7)
					i++
				}
			}
		}
	}
}

// slfAt is slf's loss with the weights that it has at other logits.
type slfAt struct {
	*slf
	z []float64
}

func (l slfAt) row(d, z, t []float64) float64 {
	l.evaluate(l.z, t)
	w := append([]float64(nil), l.weights...)
	loss := crossEntropyRow(d, z, t) * l.mix
	l.evaluate(z, t)
	for k := range d {
		d[k] *= l.mix
		for m := range w {
			d[k] += (1 - l.mix) * w[m] * l.d[m][k]
		}
	}
	for m := range w {
		loss += (1 - l.mix) * w[m] * l.losses[m]
	}
	return loss
}

// TestGradientOfSLF: in the logits, with the weights held.
func TestGradientOfSLF(t *testing.T) {
	r := rng.New(14)
	for _, hard := range []bool{false, true} {
		l := drawn(5, hard)
		z, target := example(r, 5, true)
		d, scratch := make([]float64, 5), make([]float64, 5)
		held := slfAt{l, append([]float64(nil), z...)}
		near(t, "loss", l.row(d, z, target), held.row(scratch, z, target), 1e-12)
		for k := range z {
			near(t, fmt.Sprintf("hard %v: ∂/∂z_%d", hard, k), d[k], slope(func() float64 { return held.row(scratch, z, target) }, &z[k]), 1e-8)
		}
		sum := 0.0
		for _, w := range l.weights {
			if hard && w != 0 && w != 0.5 && w != 1 {
				t.Errorf("a weight of %g in two hard draws", w)
			}
			sum += w
		}
		near(t, "sum of the weights", sum, 1, 1e-12)
	}
}

// TestTeacherOfL2TDLF: the chain from W_t and b to the teacher's parameters.
func TestTeacherOfL2TDLF(t *testing.T) {
	const classes = 3
	l := perturbed(newL2TDLF(classes, 0.3, 0))
	r := rng.New(10)
	z, target := example(r, classes, true)
	zDot, _ := example(r, classes, false)
	l.mixed(z, target, zDot)
	grad := l.chain(2)
	for i := range l.phi {
		want := slope(func() float64 { l.settle(); return 2 * mixedBy(l, z, target, zDot) }, &l.phi[i])
		near(t, fmt.Sprintf("φ_%d", i), grad[i], want, 1e-7)
	}
}

// TestPolicyOfALA: what is kept for the reward is the gradient of the moves'
// log-probability, divided by the number of entries.
func TestPolicyOfALA(t *testing.T) {
	const classes = 3
	a := newALA(classes, 0.5, 0.1, 5, 0.01, 4)
	r := rng.New(3)
	for i := range a.confusion {
		a.confusion[i], a.before[i], a.w[i] = r.Float64(), r.Float64(), a.w[i]+0.2*r.Float64()
	}
	w := append([]float64(nil), a.w...)
	s := &Step{Number: 2, Steps: 4}
	a.move(s)
	moved := append([]float64(nil), a.w...)
	grad := append([]float64(nil), a.pending...)
	value := func() (sum float64) {
		p := make([]float64, 3)
		for i := range w {
			if i%(classes+1) == 0 {
				continue
			}
			logSum := softmax(p, a.mlp.forward(a.confusion[i], a.confusion[i]-a.before[i], w[i], 0.5))
			sum += (a.mlp.y[1+int(math.Round((moved[i]-w[i])/a.beta))] - logSum) / (classes * (classes - 1))
		}
		return sum
	}
	for i := range a.mlp.phi {
		near(t, fmt.Sprintf("φ_%d", i), grad[i], slope(value, &a.mlp.phi[i]), 1e-7)
	}
	// A rise above the baseline makes the moves likelier.
	a.history[alaMoves] = 1
	before := value()
	a.reward(0.3)
	if after := value(); after <= before {
		t.Errorf("log-probability %g after a reward, %g before", after, before)
	}
}

func TestDivergence(t *testing.T) {
	r := rng.New(11)
	a, _ := example(r, 5, false)
	b, _ := example(r, 5, false)
	v := func() []float64 { return make([]float64, 5) }
	d := pair{p: v(), q: v()}
	ga, gb, s1, s2 := v(), v(), v(), v()
	if kl := d.divergence(ga, gb, a, b); kl <= 0 {
		t.Errorf("KL %g of two distributions", kl)
	}
	for k := range a {
		f := func() float64 { return d.divergence(s1, s2, a, b) }
		near(t, "∂/∂a", ga[k], slope(f, &a[k]), 1e-8)
		near(t, "∂/∂b", gb[k], slope(f, &b[k]), 1e-8)
	}
	if kl := d.divergence(ga, gb, a, a); math.Abs(kl) > 1e-15 {
		t.Errorf("KL %g of a distribution from itself", kl)
	}
}

func TestPsi(t *testing.T) {
	for m := 1; m <= 4; m++ {
		for _, theta := range []float64{0.01, 0.4, 1.2, 1.7, 2.5, 3.1} {
			k := math.Floor(theta * float64(m) / math.Pi)
			want := math.Pow(-1, k)*math.Cos(float64(m)*theta) - 2*k
			cos := math.Cos(theta)
			got, d := psi(cos, m)
			near(t, fmt.Sprintf("ψ(%g), m = %d", theta, m), got, want, 1e-10)
			near(t, "slope", d, slope(func() float64 { v, _ := psi(cos, m); return v }, &cos), 1e-5)
		}
		if v, _ := psi(-1, m); math.Abs(v-(1-2*float64(m))) > 1e-12 {
			t.Errorf("ψ(π) = %g with m = %d, want %d", v, m, 1-2*m)
		}
	}
}

func TestPerturbations(t *testing.T) {
	g := []float32{3, -4, 0.5}
	w := []float32{2, -1, 5}
	e := make([]float32, 3)
	ascend(e, g, 0.1)
	near(t, "‖e‖ of sam", norm(e), 0.1, 1e-6)
	fisher := make([]float32, 3)
	fisherAscend(fisher, g, 0.1, 0)
	for i := range e {
		near(t, "fsam with η = 0", float64(fisher[i]), float64(e[i]), 1e-6)
	}
	// γ is the radius in the metric of the regularised Fisher: √(eᵀ(1+ηF)e).
	fisherAscend(fisher, g, 0.1, 2)
	radius := 0.0
	for i, v := range fisher {
		radius += float64(v) * float64(v) * (1 + 2*float64(g[i])*float64(g[i]))
	}
	near(t, "radius of fsam", math.Sqrt(radius), 0.1, 1e-6)
	// ρ is that of T⁻¹e.
	scaled := []bool{true, true, false}
	adaptiveAscend(e, g, w, scaled, 0.5, 0.01)
	radius = 0
	for i, v := range e {
		x := float64(v)
		if scaled[i] {
			x /= math.Abs(float64(w[i])) + 0.01
		}
		radius += x * x
	}
	near(t, "radius of asam", math.Sqrt(radius), 0.5, 1e-6)
	// What gsam takes away is orthogonal to the perturbed gradient.
	p := []float32{1, 2, -1}
	q := append([]float32(nil), p...)
	surrogateGap(q, g, 0.4)
	diff := make([]float32, 3)
	for i := range q {
		diff[i] = p[i] - q[i]
	}
	near(t, "⟨removed, g_p⟩", dot(diff, p), 0, 1e-5)
	near(t, "⟨removed, g⟩", dot(diff, g), 0.4*(dot(g, g)-dot(g, p)*dot(g, p)/dot(p, p)), 1e-5)
}

func TestBeta(t *testing.T) {
	r := rng.New(12)
	for _, a := range []float64{0.2, 1, 4} {
		const n = 20000
		mean, square := 0.0, 0.0
		for range n {
			x := beta(r, a)
			mean += x / n
			square += x * x / n
		}
		variance := 1 / (4 * (2*a + 1))
		if sd := math.Sqrt(variance / n); math.Abs(mean-0.5) > 5*sd {
			t.Errorf("Beta(%g, %g) has mean %g", a, a, mean)
		}
		if math.Abs(square-mean*mean-variance) > 0.03*variance {
			t.Errorf("Beta(%g, %g) has variance %g, want %g", a, a, square-mean*mean, variance)
		}
	}
}
