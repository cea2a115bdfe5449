package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// barron is the general robust loss of residuals x_k = p_k − t_k, with a shape
// and a scale that are learned:
//
//	ℓ = Σ_k ρ(x_k; α, c) + log c + log Z(α)
//	ρ = (|α−2|/α)·(((x/c)²/|α−2| + 1)^(α/2) − 1)
//
// with α = 0.001 + 1.998·σ(a) and c = c_min + (1−c_min)·softplus(s)/log 2. The
// partition function Z(α) = ∫ exp(−ρ(x; α, 1)) dx makes ℓ a negative log
// likelihood; without it α would fall to its floor. a and s take a step of
// gradient descent on the mean loss at every step.
type barron struct {
	rate, floor float64

	a, s float64 // latent shape and scale, both learned
	norm partition

	alpha, c, dAlpha, dC float64 // of the step at hand: values, slopes in a and s
	gradAlpha, gradC     float64 // sums over rows
	rows                 float64
	p                    []float64
}

const (
	alphaLow, alphaHigh = 0.001, 1.999
)

var barronInfo = Info{
	Name: "barron",
	Read: Code,
	Differs: []string{
		"A loss for regression: neither the paper nor the original says what its residual is in classification. Chosen: p − t, summed over the classes, with one α and one c.",
		"The original's floor of c is 1e-5; residuals of well-fitted images go to 0 and would take c, and with it 1/c, along: 0.1 is the default.",
	},
	Kind:      "loss",
	Formula:   "mean of Σ_k ρ(p_k − t_k; α, c) + log c·Z(α), α and c learned",
	Reference: "Barron 2019 (ARLF)",
	PaperRow:  "ARLF",
	Passes:    "1",
	Params: []Param{
		number("rate", 0.01, 0, 1, "learning rate of α's and c's latent values; 0 keeps α = 1, c = 1"),
		number("c-min", 0.1, 1e-5, 1, "smallest scale c"),
	},
	make: func(_ Options, v values) (part, error) {
		b := &barron{rate: v.number("rate"), floor: v.number("c-min")}
		b.settle()
		return b, nil
	},
}

// settle computes α and c, their slopes in the latent values, and log Z.
func (b *barron) settle() {
	g := 1 / (1 + math.Exp(-b.a))
	b.alpha, b.dAlpha = alphaLow+(alphaHigh-alphaLow)*g, (alphaHigh-alphaLow)*g*(1-g)
	b.c = b.floor + (1-b.floor)*math.Log1p(math.Exp(b.s))/math.Ln2
	b.dC = (1 - b.floor) / (1 + math.Exp(-b.s)) / math.Ln2
	b.norm = logPartition(b.alpha)
}

func (b *barron) begin(*Step) { b.gradAlpha, b.gradC, b.rows = 0, 0, 0 }

func (b *barron) row(d, z, t []float64) float64 {
	b.p = append(b.p[:0], z...)
	softmax(b.p, z)
	loss := float64(len(z)) * (math.Log(b.c) + b.norm.log)
	mean := 0.0
	for k, p := range b.p {
		r := robust((p-t[k])/b.c, b.alpha)
		loss += r.value
		d[k] = r.dx / b.c
		mean += d[k] * p
		b.gradAlpha += r.dAlpha + b.norm.slope
		b.gradC += 1/b.c - r.dx*(p-t[k])/(b.c*b.c)
	}
	for k, p := range b.p {
		d[k] = p * (d[k] - mean)
	}
	b.rows++
	return loss
}

func (b *barron) end(*Step) {
	if b.rate == 0 {
		return
	}
	b.a -= b.rate * b.dAlpha * b.gradAlpha / b.rows
	b.s -= b.rate * b.dC * b.gradC / b.rows
	b.settle()
}

func (b *barron) report() record.Figures {
	return record.Figures{Own: map[string]float64{"alpha": b.alpha, "c": b.c}}
}

func (b *barron) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.barron", []int{2}, []float64{b.a, b.s})}
}

func (b *barron) restore(f *artifact.File, path string) error {
	v := make([]float64, 2)
	if err := f.ReadFinite(path, "state.barron", v); err != nil {
		return err
	}
	b.a, b.s = v[0], v[1]
	b.settle()
	return nil
}

// robustValue is ρ(x; α, 1) with its derivatives.
type robustValue struct{ value, dx, dAlpha float64 }

// robust computes ρ for 0 < α < 2.
func robust(x, alpha float64) robustValue {
	gap := 2 - alpha
	u := x*x/gap + 1
	power := math.Pow(u, alpha/2)
	return robustValue{
		value:  gap / alpha * (power - 1),
		dx:     x * power / u,
		dAlpha: -2/(alpha*alpha)*(power-1) + gap/alpha*power*(math.Log(u)/2+x*x/(gap*gap)*alpha/(2*u)),
	}
}

// partition is log Z(α) and its derivative.
type partition struct{ log, slope float64 }

// logPartition integrates exp(−ρ) over x = sinh t by the trapezoidal rule,
// which converges exponentially for an integrand that falls off at both ends
// as this one does.
func logPartition(alpha float64) partition {
	const step, end = 0.05, 45.0
	z, slope := 0.0, 0.0
	for i := 0; ; i++ {
		t := float64(i) * step
		if t > end {
			break
		}
		r := robust(math.Sinh(t), alpha)
		w := step * math.Cosh(t) * math.Exp(-r.value)
		if i > 0 {
			w *= 2 // the integrand is even
		}
		if w == 0 {
			break
		}
		z += w
		slope -= w * r.dAlpha
	}
	return partition{math.Log(z), slope / z}
}
