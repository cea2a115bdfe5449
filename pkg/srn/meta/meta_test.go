package meta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/rng"
	"srn/pkg/run"
	"srn/pkg/run/runtest"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

// logistic is a linear classifier of points: small enough that meta-training
// as a whole can be checked by differences.
type logistic struct {
	be                             device.Backend
	layout                         nn.Layout
	params, grad, running, targets device.Buffer
	logits, loss, dlogits          device.Buffer
	points                         [][]float32
	batch                          []int32
	classes, features              int
	loads                          int
	explodeAt                      int // the load that turns a parameter into NaN; 0: none
}

func newLogistic(be device.Backend, examples, batch int) (*logistic, Examples) {
	const classes, features = 3, 4
	l := &logistic{be: be, classes: classes, features: features, running: be.New(1)}
	l.layout.Add("linear.weight", classes, features)
	l.layout.Add("linear.bias", classes)
	l.params, l.grad = be.New(l.layout.Len()), be.New(l.layout.Len())
	l.targets, l.logits, l.dlogits = be.New(batch*classes), be.New(batch*classes), be.New(batch*classes)
	l.loss = be.New(batch)
	data := Examples{Classes: classes}
	r := rng.New(8)
	for i := range examples {
		y := int32(i % classes)
		point := make([]float32, features)
		for j := range point {
			point[j] = float32(r.NormFloat64())
		}
		point[y] += 1.5
		l.points = append(l.points, point)
		data.Labels = append(data.Labels, y)
		if i%4 == 3 {
			data.MetaVal = append(data.MetaVal, int32(i))
		} else {
			data.MetaTrain = append(data.MetaTrain, int32(i))
		}
	}
	data.Feed = func(picks []device.Pick) {
		l.batch = l.batch[:0]
		for _, p := range picks {
			l.batch = append(l.batch, p.Index)
		}
	}
	return l, data
}

func (l *logistic) Backend() device.Backend  { return l.be }
func (l *logistic) Layout() nn.Layout        { return l.layout }
func (l *logistic) Params() device.Buffer    { return l.params }
func (l *logistic) Grad() device.Buffer      { return l.grad }
func (l *logistic) Running() device.Buffer   { return l.running }
func (l *logistic) Targets() device.Buffer   { return l.targets }
func (l *logistic) Logits() device.Buffer    { return l.logits }
func (l *logistic) Loss() device.Buffer      { return l.loss }
func (l *logistic) LogitGrad() device.Buffer { return l.dlogits }

func (l *logistic) Init(seed uint64) {
	r := rng.New(seed)
	v := make([]float32, l.layout.Len())
	for i := range v {
		v[i] = float32(0.5 * r.NormFloat64())
	}
	l.be.Write(l.params, v)
}

func (l *logistic) Load() {
	if l.loads++; l.loads == l.explodeAt {
		l.be.Fill(l.params, float32(math.NaN()))
	}
}

func (l *logistic) read(b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	l.be.Read(v, b)
	return v
}

func (l *logistic) Forward(n int, _ nn.Mode) {
	w, z := l.read(l.params), l.read(l.logits)
	for i, e := range l.batch[:n] {
		for k := range l.classes {
			sum := float64(w[l.classes*l.features+k])
			for j, x := range l.points[e] {
				sum += float64(w[k*l.features+j]) * float64(x)
			}
			z[i*l.classes+k] = float32(sum)
		}
	}
	l.be.Write(l.logits, z)
}

func (l *logistic) CrossEntropy(n int) {
	z, t, d, loss := l.read(l.logits), l.read(l.targets), l.read(l.dlogits), l.read(l.loss)
	for i := range n {
		sum := 0.0
		for k := range l.classes {
			sum += math.Exp(float64(z[i*l.classes+k]))
		}
		loss[i] = 0
		for k := range l.classes {
			at := i*l.classes + k
			p := math.Exp(float64(z[at])) / sum
			loss[i] -= float32(float64(t[at]) * math.Log(p))
			d[at] = float32((p - float64(t[at])) / float64(n))
		}
	}
	l.be.Write(l.dlogits, d)
	l.be.Write(l.loss, loss)
}

func (l *logistic) Backward(n int) {
	d, g := l.read(l.dlogits), make([]float32, l.layout.Len())
	for i, e := range l.batch[:n] {
		for k := range l.classes {
			v := d[i*l.classes+k]
			g[l.classes*l.features+k] += v
			for j, x := range l.points[e] {
				g[k*l.features+j] += v * x
			}
		}
	}
	l.be.Write(l.grad, g)
}

// HVP is exact: of softmax regression, Σ_i (diag p − p·pᵀ)·ż ⊗ x / n.
func (l *logistic) HVP(n int, v, hv device.Buffer) {
	z, w, out := l.read(l.logits), l.read(v), make([]float64, l.layout.Len())
	for i, e := range l.batch[:n] {
		p, dot := make([]float64, l.classes), make([]float64, l.classes)
		sum, mean := 0.0, 0.0
		for k := range l.classes {
			p[k] = math.Exp(float64(z[i*l.classes+k]))
			sum += p[k]
			dot[k] = float64(w[l.classes*l.features+k])
			for j, x := range l.points[e] {
				dot[k] += float64(w[k*l.features+j]) * float64(x)
			}
		}
		for k := range p {
			p[k] /= sum
			mean += p[k] * dot[k]
		}
		for k := range p {
			g := p[k] * (dot[k] - mean) / float64(n)
			out[l.classes*l.features+k] += g
			for j, x := range l.points[e] {
				out[k*l.features+j] += g * float64(x)
			}
		}
	}
	result := make([]float32, len(out))
	for i, x := range out {
		result[i] = float32(x)
	}
	l.be.Write(hv, result)
}

// quick is a schedule of a few small rounds.
func quick(change func(*Config)) Config {
	c := Default()
	c.Config = surrogatetest.Small(nil)
	c.Rounds, c.InnerEpochs, c.InnerBatch, c.InnerN, c.OuterN = 5, 2, 10, 20, 12
	c.InnerLR = 0.1
	if change != nil {
		change(&c)
	}
	c.Resolve("synthetic")
	return c
}

func newMeta(t testing.TB, c Config) (*Meta, *logistic) {
	t.Helper()
	net, data := newLogistic(surrogatetest.Backend(t, 1), 80, 16)
	m, err := New(net, data, c)
	if err != nil {
		t.Fatal(err)
	}
	return m, net
}

func TestMetaSchedules(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"default":   nil,
		"online":    func(c *Config) { c.Mode, c.InnerN = "online", 16 },
		"reset":     func(c *Config) { c.Theta = "reset" },
		"per class": func(c *Config) { c.Sampling, c.InnerN, c.OuterN = "per-class", 5, 3 },
		"batch":     func(c *Config) { c.Sampling, c.InnerN = "batch", 16 },
		"unrolled":  func(c *Config) { c.MetaGrad = "unrolled" },
		"augmented": func(c *Config) { c.Augment = true },
		"bn batch":  func(c *Config) { c.OuterBN = "batch" },
	} {
		t.Run(name, func(t *testing.T) {
			c := quick(change)
			m, net := newMeta(t, c)
			var records []record.Round
			for range c.Rounds {
				r, err := m.Round(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, r)
			}
			last := records[len(records)-1]
			if last.Round != c.Rounds || m.Done() != c.Rounds {
				t.Errorf("round %d, %d done", last.Round, m.Done())
			}
			if !(last.PhiDrift > 0) || !(*last.GradRNorm > 0) || !(last.GuidanceRatio > 0) {
				t.Errorf("%+v", last)
			}
			if want := *last.ZValLoss + *last.ZInverseMargin; math.Abs(*last.SMeta-want) > 1e-12 {
				t.Errorf("s_meta %g, want %g", *last.SMeta, want)
			}
			steps := map[string]int{"online": 1, "batch": 2 * 4, "per class": 2 * 2}[name]
			if steps == 0 {
				steps = 2 * 2
			}
			passes := 1 // over 12 or 9 validation images, 16 at once
			if name == "unrolled" {
				passes = 2
			}
			if want := c.Rounds * (steps + passes); net.loads != want {
				t.Errorf("%d passes, want %d", net.loads, want)
			}
		})
	}
}

// TestChangeOfTheValidationLoss: of softmax regression, whose Hessian is known,
// against the loss at the moved parameters and its expansion.
func TestChangeOfTheValidationLoss(t *testing.T) {
	for _, signal := range []string{"random", "ascent"} {
		c := quick(func(c *Config) { c.Signal, c.SignalRho, c.Rounds = signal, 1e-2, 2 })
		m, net := newMeta(t, c)
		s := m.objective.(*sMeta)
		examples := m.draw(m.data.MetaVal, 12, 3)
		at := net.read(net.params)
		loss, _ := m.validate(examples)
		got := s.change(loss, examples)
		if !slices.Equal(net.read(net.params), at) {
			t.Error(signal + ": the parameters are not put back")
		}
		delta := net.read(s.delta)
		size := 0.0
		for _, v := range delta {
			size += float64(v) * float64(v)
		}
		scale := c.SignalRho / math.Sqrt(size)
		moved := slices.Clone(at)
		for i := range moved {
			moved[i] += float32(scale * float64(delta[i]))
		}
		m.be.Write(net.params, moved)
		there, _ := m.validate(examples)
		m.be.Write(net.params, at)
		if want := math.Abs(there - loss); math.Abs(got-want) > 1e-6 || got == 0 {
			t.Errorf("%s: change %g, want %g", signal, got, want)
		}
		// ⟨∇L, δ⟩ + ½·⟨δ, Hδ⟩, on as many images as a pass takes.
		g := m.be.New(len(at))
		m.addLossGradient(g, examples, 1)
		hv := m.be.New(len(at))
		net.HVP(12, s.delta, hv)
		first, second := scale*m.be.Dot(g, s.delta), scale*scale/2*m.be.Dot(hv, s.delta)
		if want := math.Abs(first + second); math.Abs(got-want) > 2e-6 {
			t.Errorf("%s: change %g, by its expansion %g", signal, got, want)
		}
		// In a round it takes the loss's place.
		record, err := m.Round(t.Context())
		if err != nil || record.ValChange == nil || !(*record.ValChange > 0) {
			t.Errorf("%s: %+v, %v", signal, record, err)
		}
	}
}

func TestInnerStageLearns(t *testing.T) {
	c := quick(func(c *Config) { c.Rounds = 20 })
	m, _ := newMeta(t, c)
	first, err := m.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := first
	for range c.Rounds - 1 {
		if last, err = m.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if last.ValLoss > 0.8*first.ValLoss || last.ValTop1 < 0.6 {
		t.Errorf("validation loss %g after one round, %g (top1 %g) after %d", first.ValLoss, last.ValLoss, last.ValTop1, c.Rounds)
	}
}

// The outer update is a gradient step on (r(Θ′) − s_meta)², with Θ′ fixed or
// moved by φ through an inner step.
func TestMetaGradientByDifferences(t *testing.T) {
	for _, margin := range []string{"clamped", "smooth", "plain"} {
		for _, unrolled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s unrolled=%v", margin, unrolled), func(t *testing.T) {
				c := quick(func(c *Config) {
					c.InnerEpochs, c.InnerBatch, c.InnerN = 1, 16, 16 // one step
					c.Z, c.Margin = "none", margin                    // no statistics, which are held constant
					c.Lambda, c.OuterLR, c.OuterN = 40, 1, 20
					c.Head, c.Clamp = "linear", "none"
					c.MetaGrad = map[bool]string{false: "first", true: "unrolled"}[unrolled]
				})
				m, net := newMeta(t, c)
				theta := net.read(net.params)
				phi := surrogatetest.AwayFromKinks(m.Surrogate.(*surrogate.Scorer), net.params)
				r := rng.New(4)
				direction := make([]float64, len(phi))
				for i := range direction {
					direction[i] = r.NormFloat64()
				}
				// loss is the outer loss after the inner step, at φ + h·direction.
				// Where Θ′ is fixed, φ changes after the step.
				loss := func(h float64) float64 {
					moved := slices.Clone(phi)
					for i := range moved {
						moved[i] += float32(h * direction[i])
					}
					m.be.Write(net.params, theta)
					m.be.Fill(m.velocity, 0)
					m.guidance.Invalidate()
					m.Surrogate.SetPhi(phi)
					if unrolled {
						m.Surrogate.SetPhi(moved)
					}
					if err := m.inner(t.Context(), &record.Round{}); err != nil {
						t.Fatal(err)
					}
					m.Surrogate.SetPhi(moved)
					val, margin := m.validate(m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", 0)))
					d := m.Surrogate.(*surrogate.Scorer).Value(net.params).R - (val + m.GammaMar/margin.Value)
					return d * d
				}
				const h = 2e-4
				want := (loss(h) - loss(-h)) / (2 * h)
				loss(0) // restores φ and Θ′
				examples := m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", 0))
				val, measured := m.validate(examples)
				grad, err := m.objective.gradient(&record.Round{ValLoss: val}, validation{examples, measured})
				if err != nil {
					t.Fatal(err)
				}
				got := 0.0
				for i, g := range grad {
					got += g * direction[i]
				}
				if math.Abs(got-want) > 5e-3*math.Abs(want) {
					t.Errorf("derivative %g, by differences %g", got, want)
				}
			})
		}
	}
}

// recordOf is a configuration as it is recorded.
func recordOf(c Config) record.Meta {
	return c.Record(record.Network{Arch: "logistic", Classes: 4}, &dataset.Data{}, "f32", "")
}

// newExecution begins or resumes a run into a folder.
func newExecution(folder string, c Config, mode run.Mode) (r Run, err error) {
	file := &surrogate.File{Arch: "logistic", Provenance: artifact.Provenance{Format: surrogate.Format, Tool: "srn-meta"}, Meta: recordOf(c)}
	r = Run{Files: run.Files{Output: filepath.Join(folder, "s.safetensors.zst"), Metrics: filepath.Join(folder, "m.jsonl.zst"), Provenance: file.Made()},
		File: file, Report: func(record.Round) {}}
	r.Begin, err = r.Files.Begin(mode)
	return r, err
}

func execute(t testing.TB, ctx context.Context, folder string, c Config, mode run.Mode) (Run, error) {
	t.Helper()
	m, _ := newMeta(t, c)
	r, err := newExecution(folder, c, mode)
	if err != nil {
		return r, err
	}
	return r, m.Execute(ctx, r)
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A run that is stopped within each of its rounds ends with the bytes of one
// that is not.
func TestResume(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"running":                   func(c *Config) { c.MetaGrad = "unrolled" },
		"window":                    func(c *Config) { c.Z, c.MetaGrad = "window", "unrolled" },
		"gap, conv":                 func(c *Config) { c.Objective, c.OuterAverage = "gap", 0.7 },
		"gap, mlp":                  func(c *Config) { c.Objective, c.Surrogate = "gap", "mlp" },
		"gap, dictionary":           func(c *Config) { c.Objective, c.Surrogate = "gap", "dictionary" },
		"hypergradient, conv":       func(c *Config) { c.Objective, c.Unroll = "hypergradient", 3 },
		"hypergradient, dictionary": func(c *Config) { c.Objective, c.Surrogate, c.Theta = "hypergradient", "dictionary", "reset" },
		"online, s-meta":            func(c *Config) { c.Mode, c.InnerN = "online", 16 },
		"online, cyclic":            func(c *Config) { c.Mode, c.InnerN, c.Refresh, c.Every = "online", 16, "cyclic", 3 },
		"online, gap, dictionary": func(c *Config) {
			c.Mode, c.InnerN, c.Objective, c.Surrogate, c.Unroll = "online", 16, "gap", "dictionary", 2
		},
	} {
		c := quick(change)
		straight, broken := t.TempDir(), t.TempDir()
		whole, err := execute(t, t.Context(), straight, c, run.Start)
		if err != nil {
			t.Fatal(err)
		}
		var last Run
		for attempt := 0; ; attempt++ {
			if attempt > 3*c.Rounds {
				t.Fatal("no progress")
			}
			most := 6 // a round has four steps
			if c.Mode == "online" {
				most = 1 // asked for after each round
			}
			last, err = execute(t, runtest.After(most+1), broken, c, run.Resume)
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if _, err := os.Stat(last.Files.Output); err == nil {
				t.Fatal("an interrupted run has written its output")
			}
		}
		if !slices.Equal(contents(t, whole.Files.Output), contents(t, last.Files.Output)) {
			t.Errorf("%s: the surrogates differ", name)
		}
		if _, err := os.Stat(last.Files.Output + ".state"); err == nil {
			t.Error("the state is left after the end")
		}
		if again, err := newExecution(broken, c, run.Start); err != nil || !again.Begin.Complete {
			t.Errorf("complete: %v, %v", again.Begin, err)
		}
		a, b := metrics(t, whole.Files.Metrics), metrics(t, last.Files.Metrics)
		if len(a) != c.Rounds+1 || len(b) != c.Rounds+1 {
			t.Fatalf("%d and %d records, want %d rounds and the final one", len(a), len(b), c.Rounds)
		}
		if sum, err := artifact.HashFile(last.Files.Output); err != nil || b[c.Rounds].(*record.Surrogate).SurrogateSHA256 != sum {
			t.Errorf("the last record %v, want the surrogate's %s, %v", b[c.Rounds], sum, err)
		}
		for i := range a {
			for _, r := range []record.Record{a[i], b[i]} {
				if r, ok := r.(*record.Round); ok {
					r.RoundSeconds = 0
				}
			}
			if !reflect.DeepEqual(a[i], b[i]) {
				t.Errorf("record %d: %v, resumed %v", i+1, a[i], b[i])
			}
		}
	}
}

func metrics(t *testing.T, path string) []record.Record {
	t.Helper()
	f, err := artifact.ReadRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(f) != 1 || !f[0].Complete {
		t.Fatalf("%s is not one complete stream", path)
	}
	return f[0].Records
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	folder := t.TempDir()
	if _, err := execute(t, runtest.After(7), folder, quick(nil), run.Start); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_, err := execute(t, t.Context(), folder, quick(func(c *Config) { c.Lambda = 2 }), run.Resume)
	var differs *run.DifferentError
	if !errors.As(err, &differs) || !strings.HasSuffix(err.Error(), "s.safetensors.zst.state is of another run: lambda_srn was 1 and is now 2") {
		t.Errorf("error %v", err)
	}
}

func TestDivergence(t *testing.T) {
	m, net := newMeta(t, quick(nil))
	net.explodeAt = 8 // the second round's third pass
	r, err := newExecution(t.TempDir(), m.Config, run.Start)
	if err != nil {
		t.Fatal(err)
	}
	out := r.Files.Output
	err = m.Execute(t.Context(), r)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.Round != 2 || diverged.Last != out+".state" || diverged.ExitCode() != 4 {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(diverged.Last); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a diverged run has written its output")
	}
}

func TestMetaRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"inner_n: 61":    func(c *Config) { c.InnerN = 61 },
		"outer_n: 21":    func(c *Config) { c.OuterN = 21 },
		"images a class": func(c *Config) { c.Sampling, c.OuterN = "per-class", 12 },
		"r_max":          func(c *Config) { c.RMax = 0 },
		"head":           func(c *Config) { c.Head = "x" },
		"z_floor":        func(c *Config) { c.ZFloor = 0 },
		"margin_tau":     func(c *Config) { c.MarginTau = 0.5 },
		"guidance_every": func(c *Config) { c.Every = 0 },
		"inner_lr":       func(c *Config) { c.InnerLR = math.NaN() },
		"theta":          func(c *Config) { c.Mode, c.Theta = "online", "reset" },
	} {
		net, data := newLogistic(surrogatetest.Backend(t, 1), 80, 16)
		if _, err := New(net, data, quick(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestDefaultsByDataset(t *testing.T) {
	for _, test := range []struct {
		mode, dataset        string
		inner, outer, rounds int
	}{{"alternate", "cifar10", 80, 400, 100}, {"alternate", "cifar100", 300, 100, 100}, {"online", "synthetic", 80, 400, 2000}} {
		c := DefaultSchedule()
		c.Mode = test.mode
		c.Resolve(test.dataset)
		if c.InnerN != test.inner || c.OuterN != test.outer || c.Rounds != test.rounds {
			t.Errorf("%s %s: %+v", test.mode, test.dataset, c)
		}
	}
}
