package curvature

import (
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/checkpoint"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/device/plain"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// subject is a network in float32 and its twin in float64.
type subject struct {
	state  *checkpoint.Checkpoint
	images *device.Images
	labels []int32
	mode   nn.Mode
	net    *resnet.Net
	twin   *resnet.Net
}

func newSubject(t *testing.T, f fixture, mode nn.Mode, batch int) *subject {
	t.Helper()
	be := cpu.New(1, kernels.Best())
	t.Cleanup(be.Close)
	s := &subject{state: f.state, images: f.images, labels: f.labels, mode: mode}
	var err error
	if s.net, err = resnet.New(be, resnet.Config{Arch: f.state.Meta.Arch, Classes: 10, Batch: batch, Tangents: true}); err != nil {
		t.Fatal(err)
	}
	if s.twin, err = resnet.New(plain.New(), resnet.Config{Arch: f.state.Meta.Arch, Classes: 10, Batch: CheckExamples}); err != nil {
		t.Fatal(err)
	}
	s.state.Apply(s.net)
	s.state.Apply(s.twin)
	return s
}

func (s *subject) reference(t *testing.T, matrix Matrix) *Reference {
	t.Helper()
	r, err := NewReference(s.twin, s.images, s.labels, s.mode, matrix, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *subject) loss(t *testing.T, matrix Matrix) Loss {
	t.Helper()
	c := NewCrossEntropy(s.net, s.images, s.labels, s.mode)
	switch matrix {
	case GGNMatrix:
		return GaussNewton{c}
	case FisherMatrix:
		return NewFisher(c)
	case MarginMatrix:
		m, err := NewMargin(s.net, s.images, s.labels, s.mode, 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	return c
}

func (s *subject) check(t *testing.T, loss Loss, matrix Matrix, examples []int32) *Check {
	t.Helper()
	h, err := NewHessian(loss, examples)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Check(s.reference(t, matrix), 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mutant is a loss whose products are spoiled.
type mutant struct {
	Loss
	before func(v []float32) []float32
	after  func(dst, v []float32)
}

func (m mutant) HVP(dst, v []float32) error {
	w := v
	if m.before != nil {
		w = m.before(slices.Clone(v))
	}
	err := m.Loss.HVP(dst, w)
	if m.after != nil {
		m.after(dst, v)
	}
	return err
}

// TestCheckFindsMutants spoils the Hessian's products of a network in ways that
// a mistake might; each must be found.
func TestCheckFindsMutants(t *testing.T) {
	f := readFixture(t)
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		s := newSubject(t, f, mode, len(f.labels))
		for name, loss := range s.mutants(t) {
			c := s.check(t, loss, HessianMatrix, indices(len(f.labels)))
			t.Logf("mode %v, %s: %s, %s", mode, name, c.Verdict, c.Reason)
			if want := map[bool]Verdict{true: Passed, false: Failed}[name == "none"]; c.Verdict != want {
				t.Errorf("mode %v, %s: %s, want %s; %s", mode, name, c.Verdict, want, c.Reason)
			}
		}
	}
}

// mutants are wrong Hessians, by what is wrong.
func (s *subject) mutants(t *testing.T) map[string]Loss {
	hessian := s.loss(t, HessianMatrix)
	layout := s.net.Layout()
	find := func(name string) nn.Param {
		p, ok := layout.Find(name)
		if !ok {
			t.Fatal(name)
		}
		return p
	}
	zero := func(v []float32, names ...string) {
		for _, name := range names {
			p := find(name)
			clear(v[p.Offset:][:p.Len()])
		}
	}
	var norms []string
	for _, p := range layout {
		if len(p.Shape) == 1 && p.Name != "linear.bias" {
			norms = append(norms, p.Name)
		}
	}
	// H_ab replaced by its transpose, and so H_ba.
	a, b := find("layer1.0.bn1.weight"), find("layer1.0.bn2.bias")
	block := make([][]float32, b.Len()) // by columns
	if _, err := hessian.Load(indices(len(s.labels))[:min(len(s.labels), s.net.Batch)]); err != nil {
		t.Fatal(err)
	}
	e, image := make([]float32, layout.Len()), make([]float32, layout.Len())
	for j := range block {
		e[b.Offset+j] = 1
		if err := hessian.HVP(image, e); err != nil {
			t.Fatal(err)
		}
		e[b.Offset+j] = 0
		block[j] = slices.Clone(image[a.Offset:][:a.Len()])
	}
	n := 0
	return map[string]Loss{
		"none":                         hessian,
		"the GGN matrix":               s.loss(t, GGNMatrix),
		"scale 1.02":                   mutant{Loss: hessian, after: func(dst, _ []float32) { scaleBy(dst, 1.02) }},
		"rows of a convolution zeroed": mutant{Loss: hessian, after: func(dst, _ []float32) { zero(dst, "layer2.0.conv2.weight") }},
		"rows of a bias zeroed":        mutant{Loss: hessian, after: func(dst, _ []float32) { zero(dst, "linear.bias") }},
		"columns of a bias zeroed":     mutant{Loss: hessian, before: func(v []float32) []float32 { zero(v, "layer3.0.bn1.bias"); return v }},
		"batch normalisation zeroed": mutant{Loss: hessian,
			before: func(v []float32) []float32 { zero(v, norms...); return v },
			after:  func(dst, _ []float32) { zero(dst, norms...) }},
		"a block transposed": mutant{Loss: hessian, after: func(dst, v []float32) {
			for i := range a.Len() {
				for j := range b.Len() {
					d := block[i][j] - block[j][i] // (H_abᵀ − H_ab)_ij
					dst[a.Offset+i] += d * v[b.Offset+j]
					dst[b.Offset+j] += d * v[a.Offset+i]
				}
			}
		}},
		"other bits": mutant{Loss: hessian, after: func(dst, _ []float32) { n++; dst[0] += 1e-5 * float32(n) }},
		"asymmetry":  mutant{Loss: hessian, after: func(dst, _ []float32) { scaleBy(dst[:500], 1.05) }},
	}
}

func scaleBy(v []float32, a float32) {
	for i := range v {
		v[i] *= a
	}
}

// TestCheckAccusesNone checks right products of all matrices, of networks that
// make it hard: few images, large logits, untrained weights.
func TestCheckAccusesNone(t *testing.T) {
	base := readFixture(t)
	scaled := func(factor float32) fixture {
		f := base
		state := *base.state
		state.Params = slices.Clone(state.Params)
		layout, _, err := state.Layouts()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"linear.weight", "linear.bias"} {
			p, _ := layout.Find(name)
			scaleBy(state.Params[p.Offset:][:p.Len()], factor)
		}
		f.state = &state
		return f
	}
	untrained := func() fixture {
		f := base
		state := *base.state
		be := cpu.New(1, kernels.Best())
		defer be.Close()
		net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: 1})
		if err != nil {
			t.Fatal(err)
		}
		net.Init(7)
		state.Params, state.Running = make([]float32, len(state.Params)), make([]float32, len(state.Running))
		be.Read(state.Params, net.Params())
		be.Read(state.Running, net.Running())
		f.state = &state
		return f
	}
	for name, f := range map[string]fixture{"as it is": base, "logits × 10⁴": scaled(1e4), "zero head": scaled(0), "untrained": untrained()} {
		for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
			s := newSubject(t, f, mode, len(f.labels))
			for _, matrix := range []Matrix{HessianMatrix, GGNMatrix, FisherMatrix, MarginMatrix} {
				if matrix != HessianMatrix && (mode == nn.TrainFrozen || name == "untrained") {
					continue
				}
				for _, n := range []int{1, 2, len(f.labels)} {
					c := s.check(t, s.loss(t, matrix), matrix, indices(n))
					if c.Verdict == Failed {
						t.Errorf("%s, mode %v, %s, %d images: %s", name, mode, matrix, n, c.Reason)
					}
					if name == "as it is" && n > 2 && (c.Verdict != Passed || !(c.Smallest < 5e-3) || (matrix == HessianMatrix) != (c.SmallestDifference < 0.2)) {
						t.Errorf("%s, mode %v, %s, %d images: %s, %s; smallest fault %.2g, of the difference %.2g", name, mode, matrix, n, c.Verdict, c.Reason, c.Smallest, c.SmallestDifference)
					}
					t.Logf("%s, mode %v, %s, %d images: %s, %s; smallest fault %.2g, %.2g", name, mode, matrix, n, c.Verdict, c.Reason, c.Smallest, c.SmallestDifference)
				}
			}
		}
	}
}
