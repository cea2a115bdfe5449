package cuda

import (
	"math"
	"testing"

	"srn/pkg/device"
)

func TestCombine(t *testing.T) {
	const pixels, images = 5, 3
	for _, channels := range []int{16, 48} {
		for sources := range 5 {
			for _, post := range []Post{Plain, ReLU, Mask} {
				h := newHarness(t, "combine")
				n := images * pixels * channels
				src, gpu := h.operand(sources, post, channels, n)
				dst := h.new(n)
				h.cpu.Run(images, device.Stage{h.cpu.Combine(dst.host, src, channels, pixels)})
				h.launch(Combine(dst.at, gpu, channels, pixels, images))
				h.same("combine", dst, 1e-6)
			}
		}
	}
}

// A diverged run must be seen to be one.
func TestReLUKeepsNaN(t *testing.T) {
	h := newHarness(t, "combine")
	nan := float32(math.NaN())
	x, coef := h.of([]float32{nan, 1, -1, nan}), h.of([]float32{0, 0, 0, 0, 1, 1, 1, 1})
	h.launch(Combine(x.at, Operand{Src: []Ptr{x.at}, Coef: coef.at, Post: ReLU}, 4, 1, 1))
	if v := h.read(x.at, 4); v[0] == v[0] || v[1] != 1 || v[2] != 0 || v[3] == v[3] {
		t.Errorf("ReLU of NaN, 1, −1, NaN is %v", v)
	}
}

func TestSubsample(t *testing.T) {
	const channels, size, images = 16, 6, 2
	h := newHarness(t, "shortcut")
	large, small := h.random(images*size*size*channels), h.random(images*size*size/2*channels)
	h.cpu.Run(images, device.Stage{h.cpu.Subsample(small.host, large.host, channels, size)})
	h.launch(Subsample(small.at, large.at, channels, size, images))
	h.same("shortcut", small, 0)
	h.cpu.Run(images, device.Stage{h.cpu.SubsampleGrad(large.host, small.host, channels, size)})
	h.launch(SubsampleGrad(large.at, small.at, channels, size, images))
	h.same("shortcut's gradient", large, 0)
}

func TestMeanPool(t *testing.T) {
	for _, channels := range []int{16, 64, 80} {
		const pixels, images = 49, 3
		h := newHarness(t, "pool")
		src, dst := h.random(images*pixels*channels), h.new(images*channels)
		h.cpu.Run(images, device.Stage{h.cpu.MeanPool(dst.host, src.host, channels, pixels)})
		h.launch(MeanPool(dst.at, src.at, channels, pixels, images))
		h.same("pool", dst, 1e-6)
		h.cpu.Run(images, device.Stage{h.cpu.MeanPoolGrad(src.host, dst.host, channels, pixels)})
		h.launch(MeanPoolGrad(src.at, dst.at, channels, pixels, images))
		h.same("pool's gradient", src, 1e-6)
	}
}

func TestLinear(t *testing.T) {
	const in, out, images = 48, 10, 19
	h := newHarness(t, "linear")
	l, c := Linear{in, out}, h.cpu.Linear(in, out, images)
	x, xDot, dy, dyDot := h.random(images*in), h.random(images*in), h.random(images*out), h.random(images*out)
	w, wDot, b := h.random(in*out), h.random(in*out), h.random(out)
	y, dx, dw, db := h.new(images*out), h.new(images*in), h.new(in*out), h.new(out)
	same := func(pass string) {
		t.Helper()
		for name, a := range map[string]array{"y": y, "dx": dx, "dw": dw, "db": db} {
			h.same(pass+" "+name, a, 1e-6)
		}
	}
	h.cpu.Run(images, device.Stage{c.Forward(y.host, x.host, w.host, b.host), c.Backward(dx.host, dw.host, db.host, dy.host, x.host, w.host)})
	h.launch(l.Forward(y.at, x.at, w.at, b.at, images))
	h.launch(l.Backward(dx.at, dw.at, db.at, dy.at, x.at, w.at, images)...)
	same("primal")
	h.cpu.Run(images, device.Stage{c.ForwardTangent(y.host, x.host, xDot.host, w.host, wDot.host, b.host),
		c.BackwardTangent(dx.host, dw.host, db.host, dy.host, dyDot.host, x.host, xDot.host, w.host, wDot.host)})
	h.launch(l.ForwardTangent(y.at, x.at, xDot.at, w.at, wDot.at, b.at, images))
	h.launch(l.BackwardTangent(dx.at, dw.at, db.at, dy.at, dyDot.at, x.at, xDot.at, w.at, wDot.at, images)...)
	same("tangent")
}

func TestCrossEntropy(t *testing.T) {
	for _, classes := range []int{2, 10, 100} {
		const images = 37
		h := newHarness(t, "crossentropy")
		n := images * classes
		logits, logitsDot, targets := h.random(n), h.random(n), h.random(n)
		h.cpu.Scale(logits.host, 30) // up to where exp is 0
		h.machine.Write(uint64(logits.at), h.values(logits))
		loss, grad, gradDot := h.new(images), h.new(n), h.new(n)
		h.cpu.Run(images, device.Stage{h.cpu.CrossEntropy(loss.host, grad.host, logits.host, targets.host, classes),
			h.cpu.CrossEntropyTangent(gradDot.host, logitsDot.host, logits.host, targets.host, classes)})
		h.launch(CrossEntropy(loss.at, grad.at, logits.at, targets.at, classes, images),
			CrossEntropyTangent(gradDot.at, logitsDot.at, logits.at, targets.at, classes, images))
		// The same arithmetic in float64, rounded once: float32's spacing.
		h.same("loss", loss, 1.2e-7)
		h.same("gradient", grad, 1.2e-7)
		h.same("gradient's tangent", gradDot, 1.2e-7)
	}
}

func TestCrossEntropyOfNaN(t *testing.T) {
	h := newHarness(t, "crossentropy")
	logits, targets := h.of([]float32{0, float32(math.NaN()), 1}), h.of([]float32{1, 0, 0})
	loss, grad := h.new(1), h.new(3)
	h.launch(CrossEntropy(loss.at, grad.at, logits.at, targets.at, 3, 1))
	for _, v := range append(h.read(loss.at, 1), h.read(grad.at, 3)...) {
		if v == v {
			t.Errorf("a logit that is no number gives %g", v)
		}
	}
}

func TestLoadImages(t *testing.T) {
	const size, stored = 8, 5
	h := newHarness(t, "loader")
	images := &device.Images{Pixels: make([]byte, stored*size*size*3), Size: size,
		Mean: [3]float32{0.5, 0.4, 0.3}, Std: [3]float32{0.2, 0.3, 0.4}}
	for i := range images.Pixels {
		images.Pixels[i] = byte(h.rand.IntN(256))
	}
	picks := []device.Pick{{Index: 4}, {Index: 0, DY: 2, DX: -3}, {Index: 1, DY: -4, DX: 4, Flip: true}, {Index: 3, Flip: true}}
	var packed, words []uint32
	for _, p := range picks {
		v := PackPick(p.Index, p.DY, p.DX, p.Flip)
		packed = append(packed, uint32(v), uint32(v>>32))
	}
	for i := 0; i < len(images.Pixels); i += 4 {
		p := images.Pixels[i:]
		words = append(words, uint32(p[0])|uint32(p[1])<<8|uint32(p[2])<<16|uint32(p[3])<<24)
	}
	pixels, list := h.scratch(len(images.Pixels)), h.scratch(8*len(picks))
	h.machine.WriteWords(uint64(pixels), words)
	h.machine.WriteWords(uint64(list), packed)
	values := h.of(NormalisedValues(images.Mean, images.Std))
	dst := h.new(len(picks) * size * size * 3)
	loader := h.cpu.Load(dst.host, images)
	loader.Set(picks)
	h.cpu.Run(len(picks), device.Stage{loader.Op()})
	h.launch(LoadImages(dst.at, pixels, list, values.at, size, len(picks)))
	h.same("images", dst, 0)
}

func (h *harness) values(a array) []float32 {
	v := make([]float32, a.host.Len())
	h.cpu.Read(v, a.host)
	return v
}
