package curvature

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
)

// linearNet is softmax regression on small images as a [Network]: a linear
// layer, whose curvatures are known in closed form.
type linearNet struct {
	be                                  device.Backend
	features, classes                   int
	input, params, grad, dot, gradDot   device.Buffer
	logits, targets, loss               device.Buffer
	logitGrad, logitsDot, logitGradDot  device.Buffer
	forward, entropy, backward          device.Stage
	forwardTangent, entropyTangent, hvp device.Stage
}

const tinySize = 2 // 2×2×3 pixels

func newLinearNet(be device.Backend, classes, batch int) *linearNet {
	f := tinySize * tinySize * 3
	n := &linearNet{be: be, features: f, classes: classes}
	for _, b := range []*device.Buffer{&n.params, &n.grad, &n.dot, &n.gradDot} {
		*b = be.New(classes * (f + 1))
	}
	for _, b := range []*device.Buffer{&n.logits, &n.targets, &n.logitGrad, &n.logitsDot, &n.logitGradDot} {
		*b = be.New(batch * classes)
	}
	n.input, n.loss = be.New(batch*f), be.New(batch)
	still, dx := be.New(batch*f), be.New(batch*f)
	wb := func(v device.Buffer) (w, b device.Buffer) {
		return v.Slice(0, classes*f), v.Slice(classes*f, classes*(f+1))
	}
	l := be.Linear(f, classes, batch)
	w, b := wb(n.params)
	wDot, bDot := wb(n.dot)
	dw, db := wb(n.grad)
	dwDot, dbDot := wb(n.gradDot)
	n.forward = device.Stage{l.Forward(n.logits, n.input, w, b)}
	n.entropy = device.Stage{be.CrossEntropy(n.loss, n.logitGrad, n.logits, n.targets, classes)}
	n.backward = device.Stage{l.Backward(dx, dw, db, n.logitGrad, n.input, w)}
	n.forwardTangent = device.Stage{l.ForwardTangent(n.logitsDot, n.input, still, w, wDot, bDot)}
	n.entropyTangent = device.Stage{be.CrossEntropyTangent(n.logitGradDot, n.logitsDot, n.logits, n.targets, classes)}
	n.hvp = device.Stage{l.BackwardTangent(dx, dwDot, dbDot, n.logitGrad, n.logitGradDot, n.input, still, w, wDot)}
	return n
}

func (n *linearNet) Backend() device.Backend               { return n.be }
func (n *linearNet) Params() device.Buffer                 { return n.params }
func (n *linearNet) Load()                                 {}
func (n *linearNet) Grad() device.Buffer                   { return n.grad }
func (n *linearNet) Targets() device.Buffer                { return n.targets }
func (n *linearNet) Logits() device.Buffer                 { return n.logits }
func (n *linearNet) Loss() device.Buffer                   { return n.loss }
func (n *linearNet) LogitGrad() device.Buffer              { return n.logitGrad }
func (n *linearNet) LogitsDot() device.Buffer              { return n.logitsDot }
func (n *linearNet) LogitGradDot() device.Buffer           { return n.logitGradDot }
func (n *linearNet) Loader(i *device.Images) device.Loader { return n.be.Load(n.input, i) }
func (n *linearNet) Forward(images int, _ nn.Mode)         { n.be.Run(images, n.forward) }
func (n *linearNet) CrossEntropy(images int)               { n.be.Run(images, n.entropy) }
func (n *linearNet) Backward(images int)                   { n.be.Run(images, n.backward) }
func (n *linearNet) CrossEntropyTangent(images int)        { n.be.Run(images, n.entropyTangent) }
func (n *linearNet) ForwardTangent(images int, v device.Buffer) {
	n.be.Copy(n.dot, v)
	n.be.Run(images, n.forwardTangent)
}
func (n *linearNet) HVP(images int, v, hv device.Buffer) {
	n.ForwardTangent(images, v)
	n.CrossEntropyTangent(images)
	n.be.Run(images, n.hvp)
	n.be.Copy(hv, n.gradDot)
}

// tiny is a problem with its dense matrices, from float64 arithmetic.
type tiny struct {
	images  *device.Images
	labels  []int32
	params  []float32
	classes int
}

func newTiny(n, classes int) tiny {
	r := rand.New(rand.NewPCG(5, 6))
	p := tiny{classes: classes, images: &device.Images{Size: tinySize, Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.25, 0.25, 0.25}}}
	f := tinySize * tinySize * 3
	for range n {
		for range f {
			p.images.Pixels = append(p.images.Pixels, byte(r.IntN(256)))
		}
		p.labels = append(p.labels, int32(r.IntN(classes)))
	}
	for range classes * (f + 1) {
		p.params = append(p.params, float32(r.NormFloat64()))
	}
	return p
}

// dense is the sum over examples of J_iᵀ·M_i·J_i over their number, where
// column c·f+k of J_i is x_k for logit c, and 1 for a bias: with M = diag(p) −
// p·pᵀ the Hessian and the Gauss–Newton matrix, with M = (p−y)(p−y)ᵀ the
// empirical Fisher matrix.
func (p tiny) dense(fisher bool) *mat.SymDense {
	f, c := tinySize*tinySize*3, p.classes
	dim := c * (f + 1)
	sum := mat.NewSymDense(dim, nil)
	logits := make([]float64, c)
	prob := make([]float64, c)
	for i, y := range p.labels {
		x := make([]float64, f+1)
		x[f] = 1
		for k := range f {
			x[k] = (float64(p.images.Pixels[i*f+k])/255 - 0.5) / 0.25
		}
		for j := range c {
			z := float64(p.params[c*f+j])
			for k := range f {
				z += x[k] * float64(p.params[j*f+k])
			}
			logits[j] = z
		}
		softmax64(prob, logits, 1, -1)
		at := func(row int) (logit, feature int) {
			if row >= c*f {
				return row - c*f, f
			}
			return row / f, row % f
		}
		residual := func(j int) float64 {
			if j == int(y) {
				return prob[j] - 1
			}
			return prob[j]
		}
		for a := range dim {
			ja, ka := at(a)
			for b := a; b < dim; b++ {
				jb, kb := at(b)
				m := -prob[ja] * prob[jb]
				if ja == jb {
					m += prob[ja]
				}
				if fisher {
					m = residual(ja) * residual(jb)
				}
				sum.SetSym(a, b, sum.At(a, b)+m*x[ka]*x[kb]/float64(len(p.labels)))
			}
		}
	}
	return sum
}

// TestOperatorsAgainstDense compares every element of every operator.
func TestOperatorsAgainstDense(t *testing.T) {
	be := cpu.New(1, kernels.Best())
	defer be.Close()
	const n = 23
	p := newTiny(n, 4)
	dim := len(p.params)
	for _, c := range []struct {
		name   string
		fisher bool
		loss   func(*CrossEntropy) Loss
	}{
		{"hessian", false, func(c *CrossEntropy) Loss { return c }},
		{"ggn", false, func(c *CrossEntropy) Loss { return GaussNewton{c} }},
		{"fisher", true, func(c *CrossEntropy) Loss { return NewFisher(c) }},
	} {
		want := p.dense(c.fisher)
		scale := mat.Norm(want, 2)
		for _, batch := range []int{1, 5, n, n + 4} {
			t.Run(fmt.Sprintf("%s/%d", c.name, batch), func(t *testing.T) {
				net := newLinearNet(be, p.classes, batch)
				be.Write(net.params, p.params)
				h, err := NewHessian(c.loss(NewCrossEntropy(net, p.images, p.labels, nn.Eval)), indices(n))
				if err != nil {
					t.Fatal(err)
				}
				v := make([]float32, dim)
				for col := range dim {
					v[col] = 1
					for row, got := range apply(t, h, v) {
						if d := math.Abs(float64(got) - want.At(row, col)); d > 1e-6*scale {
							t.Fatalf("element %d, %d: %g, want %g", row, col, got, want.At(row, col))
						}
					}
					v[col] = 0
				}
			})
		}
	}
}
