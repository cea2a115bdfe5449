package cuda

import (
	"fmt"
	"testing"

	"srn/pkg/device"
)

// convShape is a convolution with the number of images it is tested on.
type convShape struct {
	Conv
	images int
}

// Sizes that fill tiles and such that do not, widths of 16, 32 and 64, several
// images to a tile, more tiles than one.
var convShapes = []convShape{
	{Conv{In: 16, Out: 16, Size: 8, Stride: 1}, 3},
	{Conv{In: 16, Out: 32, Size: 5, Stride: 1}, 2},
	{Conv{In: 32, Out: 64, Size: 9, Stride: 1}, 1},
	{Conv{In: 48, Out: 16, Size: 4, Stride: 1}, 5},
	{Conv{In: 16, Out: 16, Size: 20, Stride: 1}, 1},
	{Conv{In: 16, Out: 16, Size: 2, Stride: 1}, 3},
	{Conv{In: 16, Out: 32, Size: 8, Stride: 2}, 3},
	{Conv{In: 32, Out: 16, Size: 10, Stride: 2}, 2},
	{Conv{In: 16, Out: 64, Size: 6, Stride: 2}, 2},
	{Conv{In: 32, Out: 16, Size: 4, Stride: 2}, 3},
	{Conv{In: 3, Out: 16, Size: 8, Stride: 1}, 3},
	{Conv{In: 3, Out: 32, Size: 9, Stride: 1}, 2},
}

// pass is an operand on both sides.
type pass struct {
	cpu device.Operand
	gpu Operand
}

func TestConv(t *testing.T) {
	for i, s := range convShapes {
		t.Run(fmt.Sprintf("%d→%d,%d,stride%d,%dimages", s.In, s.Out, s.Size, s.Stride, s.images), func(t *testing.T) {
			testConv(t, newHarness(t, "conv", "conv_weights", "filter", "stem"), s, i)
		})
	}
}

// On tensor cores numbers that TF32 holds give what they give in float32.
func TestConvTF32(t *testing.T) {
	for _, s := range convShapes {
		s.TF32 = true
		if !s.tf32() {
			continue
		}
		t.Run(fmt.Sprintf("%d→%d,%d,%dimages", s.In, s.Out, s.Size, s.images), func(t *testing.T) {
			h := newHarness(t, "conv_tf32", "conv_weights", "filter_tf32")
			h.whole = true
			testConv(t, h, s, 0)
		})
	}
}

func testConv(t *testing.T, h *harness, s convShape, trial int) {
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	in, out := s.images*s.Size*s.Size*s.In, s.images*s.outSize()*s.outSize()*s.Out
	operand := func(sources int, post Post, channels, n int) pass {
		if channels == 3 {
			sources = 0
		}
		cpu, gpu := h.operand(sources, post, channels, n)
		return pass{cpu, gpu}
	}
	// Prologues as networks have them, then those of the trial.
	x := operand(trial%2, ReLU, s.In, in)
	xDot := operand(2, Mask, s.In, in)
	dy := operand(1+trial%3, Plain, s.Out, out)
	dyDot := operand(4-trial%4, Post(trial%3), s.Out, out)
	w, wDot := h.random(s.FilterLen()), h.random(s.FilterLen())
	y, dx, dw := h.new(out), h.new(in), h.new(s.FilterLen())

	op := h.cpu.Conv(device.ConvShape{In: s.In, Out: s.Out, Size: s.Size, Stride: s.Stride, Batch: s.images})
	h.cpu.Run(s.images, device.Stage{op.Load(w.host), op.LoadTangent(wDot.host)})
	filters := make([]Ptr, 4)
	for i := range filters {
		filters[i] = h.scratch(4 * s.FilterLen())
	}
	forward, backward, forwardDot, backwardDot := filters[0], filters[1], filters[2], filters[3]
	h.launch(LoadFilters(9, s.Filter(forward, backward, w.at), s.Filter(forwardDot, backwardDot, wDot.at))...)
	scratch := h.scratch(s.Scratch(s.images))
	const tolerance = 2e-5 // the CPU's Winograd transforms round more

	h.cpu.Run(s.images, device.Stage{op.Forward(y.host, x.cpu)})
	h.launch(s.Forward(y.at, x.gpu, forward, s.images))
	h.same("y", y, tolerance)

	h.cpu.Run(s.images, device.Stage{op.ForwardTangent(y.host, x.cpu, xDot.cpu)})
	h.launch(s.ForwardTangent(y.at, x.gpu, xDot.gpu, forward, forwardDot, s.images))
	h.same("ẏ", y, tolerance)

	h.cpu.Run(s.images, device.Stage{op.ForwardTangent(y.host, x.cpu, device.Operand{})})
	h.launch(s.ForwardTangent(y.at, x.gpu, Operand{}, forward, forwardDot, s.images))
	h.same("ẏ of a fixed input", y, tolerance)

	h.cpu.Run(s.images, device.Stage{op.Backward(dx.host, dw.host, x.cpu, dy.cpu)})
	h.launch(s.BackwardData(dx.at, dy.gpu, backward, s.images)...)
	h.same("dx", dx, tolerance)
	h.launch(s.BackwardWeights(dw.at, scratch, x.gpu, dy.gpu, s.images)...)
	h.same("dw", dw, tolerance)

	h.cpu.Run(s.images, device.Stage{op.BackwardTangent(dx.host, dw.host, x.cpu, xDot.cpu, dy.cpu, dyDot.cpu)})
	h.launch(s.BackwardDataTangent(dx.at, dy.gpu, dyDot.gpu, backward, backwardDot, s.images)...)
	h.same("dẋ", dx, tolerance)
	h.launch(s.BackwardWeightsTangent(dw.at, scratch, x.gpu, xDot.gpu, dy.gpu, dyDot.gpu, s.images)...)
	h.same("dẇ", dw, tolerance)
	if s.stem() {
		h.cpu.Run(s.images, device.Stage{op.BackwardTangent(nil, dw.host, x.cpu, device.Operand{}, dy.cpu, dyDot.cpu)})
		h.launch(s.BackwardWeightsTangent(dw.at, scratch, x.gpu, Operand{}, dy.gpu, dyDot.gpu, s.images)...)
		h.same("dẇ of a fixed input", dw, tolerance)
	}
}

// More filters than a launch prepares, some without a backward one.
func TestLoadFilters(t *testing.T) {
	h := newHarness(t, "filter")
	const taps = 5
	var list []Filter
	var weights []array
	for i := range mostFilters + 2 {
		f := Filter{In: 1 + i%3, Out: 1 + (7*i)%20}
		n := taps * f.In * f.Out
		w := h.random(n)
		f.W, f.Forward = w.at, h.scratch(4*n)
		if i%4 != 1 {
			f.Backward = h.scratch(4 * n)
		}
		list, weights = append(list, f), append(weights, w)
	}
	launches := LoadFilters(taps, list...)
	if len(launches) != 2 {
		t.Errorf("%d launches, want 2", len(launches))
	}
	h.launch(launches...)
	for i, f := range list {
		n := taps * f.In * f.Out
		w := make([]float32, n)
		h.cpu.Read(w, weights[i].host)
		forward := h.read(f.Forward, n)
		var backward []float32
		if f.Backward != 0 {
			backward = h.read(f.Backward, n)
		}
		for j, v := range w {
			tap, in, out := j%taps, j/taps%f.In, j/taps/f.In
			if forward[(tap*f.In+in)*f.Out+out] != v || backward != nil && backward[((taps-1-tap)*f.Out+out)*f.In+in] != v {
				t.Fatalf("filter %d of %d→%d: element %d is not where it belongs", i, f.In, f.Out, j)
			}
		}
	}
}
