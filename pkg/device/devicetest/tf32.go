package devicetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// TF32 tests a backend that rounds factors of convolutions to TF32, 11
// significant bits. Where nothing is rounded away it must be as good as any
// backend: the tests of convolutions are run on numbers that TF32 holds, with
// their own tolerances. On other numbers errors must be those of the rounding.
func TF32(t *testing.T, be device.Backend) {
	t.Run("Conv", func(t *testing.T) {
		for _, c := range convCases() {
			shape := c.ConvShape
			shape.Batch = min(shape.Batch, 5)
			whole := newConvCase(shape, wholes)
			t.Run(whole.name(), func(t *testing.T) { whole.test(t, be) })
		}
	})
	t.Run("Conv1D", func(t *testing.T) {
		for _, shape := range conv1DShapes {
			t.Run(conv1DName(shape), func(t *testing.T) {
				testConv1D(t, be, shape, wholeConv1D(rng.New(1, rng.Stream(t.Name())), shape))
			})
		}
	})
	t.Run("Accuracy", func(t *testing.T) { accuracy(t, be) })
}

// wholes draws small whole numbers.
func wholes(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.IntN(5) - 2)
	}
	return v
}

// wholeConv1D draws a stack in which all layers' inputs and gradients have at
// most 11 bits: few weights are not 0, and biases are such that no output is, whose
// mask would be decided by rounding.
func wholeConv1D(r *rng.Rand, shape device.Conv1DShape) conv1DNumbers {
	draw := func(n, zeros int) []float64 {
		v := make([]float64, n)
		for i := range v {
			if r.IntN(zeros+1) == 0 {
				v[i] = float64(2*r.IntN(2) - 1)
			}
		}
		return v
	}
	s := conv1DNumbers{w: draw(shape.Weights(), 7), x: draw(shape.Length, 1), xDot: draw(shape.Length, 1), c: draw(shape.Features(), 1)}
	for l, out := range shape.Channels {
		_, _, bias := shape.Layer(l)
		for i := bias; i < bias+out; i++ {
			s.w[i] += 1 / float64(int(2)<<l)
		}
	}
	return s
}

// Rounding to 11 bits moves a factor by at most 2⁻¹¹ of it, evenly spread, and
// thus by 2⁻¹¹/√3 in the root mean square; a sum of products of two such
// factors with independent signs by √2 times that of its own. Among a million
// of sums some are off by five times as much, none by seven.
var (
	roundingRMS  = math.Sqrt(2./3) / (1 << 11)
	roundingMost = 7 * roundingRMS
)

// accuracy compares convolutions of normal numbers with float64. -v shows by how
// much they are off.
func accuracy(t *testing.T, be device.Backend) {
	for _, c := range convCases() {
		if c.Stride != 1 || c.In != c.Out || c.n < 19 {
			continue
		}
		conv := be.Conv(c.ConvShape)
		x, xDot, dy, dyDot := c.operand(be, c.x, c.In), c.operand(be, c.xDot, c.In), c.operand(be, c.dy, c.Out), c.operand(be, c.dyDot, c.Out)
		y, dx, dw := be.New(len(c.y)), be.New(len(c.dx)), be.New(len(c.dw))
		be.Run(0, device.Stage{conv.Load(upload(be, c.w)), conv.LoadTangent(upload(be, c.wDot))})
		for _, pass := range []struct {
			name string
			op   device.Op
			got  device.Buffer
			want []float64
		}{
			{"forward", conv.Forward(y, x), y, c.y},
			{"gradient in x", conv.Backward(dx, dw, x, dy), dx, c.dx},
			{"forward tangent", conv.ForwardTangent(y, x, xDot), y, c.yDot},
			{"gradient's tangent", conv.BackwardTangent(dx, dw, x, xDot, dy, dyDot), dx, c.dxDot},
		} {
			be.Run(c.n, device.Stage{pass.op})
			rms, most := errorsOf(float64s(download(be, pass.got)), pass.want)
			t.Logf("| %d → %d, %d × %d, %s | %.1e | %.1e |", c.In, c.Out, c.Size, c.Size, pass.name, rms, most)
			if !(rms <= roundingRMS && most <= roundingMost) {
				t.Errorf("%s of %s: off by %.2g of the rms, at most %.2g; tolerances %.2g and %.2g", pass.name, c.name(), rms, most, roundingRMS, roundingMost)
			}
			if rms < roundingRMS/2 {
				t.Errorf("%s of %s: off by %.2g of the rms: too little for TF32", pass.name, c.name(), rms)
			}
		}
	}
	accuracyConv1D(t, be)
}

// accuracyConv1D does so for the paper's surrogate. Features are means over
// positions, whose errors average out. A gradient has more: outputs as near to 0
// as their rounding, about one in 1/rounding, change their sign, and with it a share of the
// gradient comes or goes. Its norm is off by the root of the share of such
// outputs, in each layer.
func accuracyConv1D(t *testing.T, be device.Backend) {
	o, s := paperConv1D(2048)
	wantDx, _ := o.backward(s.c, nil)
	stack := be.Conv1D(o.shape)
	stack.Load(upload64(be, s.w))
	features, dx := make([]float64, o.shape.Features()), be.New(o.shape.Length)
	stack.Gradient(features, dx, nil, upload64(be, s.x), s.c)
	inner := float64(len(o.shape.Channels) - 1)
	for _, result := range []struct {
		name      string
		got, want []float64
		tolerance float64
	}{
		{"features", features, o.mean(o.a[len(o.a)-1]), inner * roundingRMS},
		{"gradient in the sequence", float64s(download(be, dx)), wantDx, inner * math.Sqrt(roundingRMS)},
	} {
		rms, most := errorsOf(result.got, result.want)
		t.Logf("| surrogate %v, %s | %.1e | %.1e |", o.shape.Channels, result.name, rms, most)
		if !(rms <= result.tolerance) {
			t.Errorf("%s: relative error %.2g, tolerance %.2g", result.name, rms, result.tolerance)
		}
	}
}
