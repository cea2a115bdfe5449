package meta

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"srn/pkg/dataset"
	"srn/pkg/record"
	"srn/pkg/rng"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

// replay is the inner steps of logistic regression under a dictionary, in
// float64: the loss on validation images as a function of φ.
type replay struct {
	m     *Meta
	net   *logistic
	theta []float64
	picks [][]int32
	val   []int32
}

func (r *replay) loss(theta []float64, examples []int32, grad []float64) (sum float64) {
	l := r.net
	for _, e := range examples {
		z := make([]float64, l.classes)
		total := 0.0
		for k := range z {
			z[k] = theta[l.classes*l.features+k]
			for j, x := range l.points[e] {
				z[k] += theta[k*l.features+j] * float64(x)
			}
			total += math.Exp(z[k])
		}
		y := int(r.m.data.Labels[e])
		sum += (math.Log(total) - z[y]) / float64(len(examples))
		for k := range z {
			d := math.Exp(z[k]) / total
			if k == y {
				d--
			}
			d /= float64(len(examples))
			if grad != nil {
				grad[l.classes*l.features+k] += d
				for j, x := range l.points[e] {
					grad[k*l.features+j] += d * float64(x)
				}
			}
		}
	}
	return sum
}

func (r *replay) run(phi []float64) float64 {
	c := r.m.Config
	theta, n := slices.Clone(r.theta), len(r.theta)
	velocity, start, average := make([]float64, n), slices.Clone(theta), slices.Clone(theta)
	for _, picks := range r.picks {
		grad := make([]float64, n)
		r.loss(theta, picks, grad)
		for i := range average {
			average[i] += (1 - c.AverageDecay) * (theta[i] - average[i])
		}
		h := surrogatetest.Reference64(phi, surrogatetest.Sizes(r.m.Surrogate.(*surrogate.Dictionary)), theta, grad, velocity, start, average)
		factor := c.Lambda
		if c.Ratio > 0 {
			factor = c.Ratio * surrogatetest.RMS(grad) / surrogatetest.RMS(h)
		}
		for i := range theta {
			velocity[i] = c.InnerMomentum*velocity[i] + grad[i] + factor*h[i] + c.InnerWeightDecay*theta[i]
			theta[i] -= c.InnerLR * velocity[i]
		}
	}
	return r.loss(theta, r.val, nil)
}

// The hypergradient through all steps of a round is the derivative of the
// validation loss in φ, by differences in float64.
func TestHypergradientOfDictionary(t *testing.T) {
	for _, ratio := range []float64{0, 0.3} {
		for _, steps := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("ratio %g, %d steps", ratio, steps), func(t *testing.T) {
				m, net := newMeta(t, quick(func(c *Config) {
					c.Surrogate, c.Objective, c.Mode, c.Unroll = "dictionary", "hypergradient", "online", steps
					c.InnerN, c.OuterN, c.Ratio, c.InnerWeightDecay = 12, 20, ratio, 0.05
					c.AverageDecay = 0.8
				}))
				r := &replay{m: m, net: net, theta: surrogatetest.Wide(net.read(net.params))}
				phi := surrogatetest.Wide(m.Surrogate.Phi())
				seed := m.stream("inner", 0)
				sampler := dataset.NewSampler(m.draw(m.data.MetaTrain, steps*m.InnerN, seed), m.InnerN, seed, dataset.Augment{})
				for step := range steps {
					var picks []int32
					for _, p := range sampler.Batch(0, step, nil) {
						picks = append(picks, p.Index)
					}
					r.picks = append(r.picks, picks)
				}
				r.val = m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", 0))

				m.objective.begin()
				if err := m.inner(t.Context(), &record.Round{}); err != nil {
					t.Fatal(err)
				}
				loss, margin := m.validate(r.val)
				if want := r.run(phi); math.Abs(loss-want) > 1e-5*want {
					t.Fatalf("validation loss %g, want %g", loss, want)
				}
				grad, err := m.objective.gradient(&record.Round{}, validation{r.val, margin})
				if err != nil {
					t.Fatal(err)
				}
				const h = 1e-5
				largest := 0.0
				for i := range phi {
					moved := slices.Clone(phi)
					moved[i] += h
					up := r.run(moved)
					moved[i] -= 2 * h
					want := (up - r.run(moved)) / (2 * h)
					largest = max(largest, math.Abs(want))
					if math.Abs(grad[i]-want) > 1e-3*largest {
						t.Errorf("coefficient %d: %g, by differences %g", i, grad[i], want)
					}
				}
			})
		}
	}
}

// The same of surrogates with a score, whose gradient serves several steps, by
// differences of the steps themselves.
func TestHypergradientOfScorer(t *testing.T) {
	for _, kind := range []string{"conv", "mlp"} {
		for _, ratio := range []float64{0, 0.5} {
			for _, every := range []int{1, 2} {
				t.Run(fmt.Sprintf("%s, ratio %g, every %d", kind, ratio, every), func(t *testing.T) {
					m, net := newMeta(t, quick(func(c *Config) {
						c.Surrogate, c.Segments = kind, 5
						c.Objective, c.Unroll, c.InnerEpochs, c.InnerBatch, c.InnerN = "hypergradient", 4, 2, 10, 20
						c.Ratio, c.Lambda, c.Every, c.OuterN = ratio, 60, every, 20
					}))
					theta := net.read(net.params)
					phi := surrogatetest.AwayFromKinks(m.Surrogate.(*surrogate.Scorer), net.params)
					r := rng.New(4)
					direction := make([]float64, len(phi))
					for i := range direction {
						direction[i] = r.NormFloat64()
					}
					examples := m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", 0))
					loss := func(h float64) float64 {
						moved := slices.Clone(phi)
						for i := range moved {
							moved[i] += float32(h * direction[i])
						}
						m.be.Write(net.params, theta)
						m.be.Fill(m.velocity, 0)
						m.guidance.Invalidate()
						m.Surrogate.SetPhi(moved)
						m.objective.begin()
						if err := m.inner(t.Context(), &record.Round{}); err != nil {
							t.Fatal(err)
						}
						val, _ := m.validate(examples)
						return val
					}
					const h = 2e-4
					want := (loss(h) - loss(-h)) / (2 * h)
					loss(0)
					grad, err := m.objective.gradient(&record.Round{}, validation{examples: examples})
					if err != nil {
						t.Fatal(err)
					}
					got := 0.0
					for i, g := range grad {
						got += g * direction[i]
					}
					if math.Abs(got-want) > 1e-2*math.Abs(want) {
						t.Errorf("derivative %g, by differences %g", got, want)
					}
				})
			}
		}
	}
}
