package devicetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"srn/pkg/device"
)

// Images tests that operations see buffers of NewImages as they see those of New.
func Images(t *testing.T, be device.Backend) {
	r := rand.New(rand.NewPCG(31, 32))
	for range 8 {
		channels, size, n := 16*(1+r.IntN(3)), 2*(1+r.IntN(8)), 1+r.IntN(20)
		t.Run(fmt.Sprintf("%d×%d²×%d", channels, size, n), func(t *testing.T) { images(t, be, r, channels, size, n) })
	}
}

func images(t *testing.T, be device.Backend, r *rand.Rand, channels, size, n int) {
	pixels := size * size
	length := n * pixels * channels
	values := [3][]float32{random(r, length), random(r, length), random(r, length)}
	store := func(v []float32) device.Buffer {
		b := be.NewImages(channels, size, n)
		be.Write(b, v)
		return b
	}
	same := func(what string, got, want device.Buffer) {
		t.Helper()
		if !slices.Equal(download(be, got), download(be, want)) {
			t.Errorf("%s differs from that of plain buffers", what)
		}
	}
	x, gate, plain := store(values[0]), store(values[1]), upload(be, values[2])
	same("memory", x, upload(be, values[0]))
	same("a part", x.Slice(length/n, length), upload(be, values[0][length/n:]))

	coef, gateCoef := upload(be, random(r, 3*channels)), upload(be, random(r, 2*channels))
	operand := func(x, gate device.Buffer) device.Operand {
		return device.Operand{Src: []device.Buffer{x, plain}, Coef: coef, Post: device.Mask, MaskSrc: gate, MaskCoef: gateCoef}
	}
	want, got := be.New(length), be.NewImages(channels, size, n)
	dst := be.New(length)
	be.Run(n, device.Stage{be.Combine(want, operand(upload(be, values[0]), upload(be, values[1])), channels, pixels)})
	be.Run(n, device.Stage{be.Combine(got, operand(x, gate), channels, pixels), be.Combine(dst, operand(x, gate), channels, pixels)})
	same("combination", got, want)
	same("combination into a plain buffer", dst, want)
	be.Run(n, device.Stage{be.Combine(x, device.Stored(want), channels, pixels)})
	same("copy", x, want)

	small, wantSmall := be.New(length/2), be.New(length/2)
	mean, wantMean := be.New(n*channels), be.New(n*channels)
	be.Run(n, device.Stage{be.Subsample(small, got, channels, size), be.Subsample(wantSmall, want, channels, size),
		be.MeanPool(mean, got, channels, pixels), be.MeanPool(wantMean, want, channels, pixels)})
	same("shortcut", small, wantSmall)
	same("mean", mean, wantMean)

	// A convolution sees zeros around images, whatever was written to them.
	for stride := 1; stride <= 2; stride++ {
		s := device.ConvShape{In: channels, Out: 32, Size: size, Stride: stride, Batch: n}
		conv := be.Conv(s)
		be.Run(0, device.Stage{conv.Load(upload(be, random(r, 9*s.In*s.Out)))})
		dy := device.Stored(upload(be, random(r, n*pixels/stride/stride*s.Out)))
		y, wantY := be.New(n*pixels/stride/stride*s.Out), be.New(n*pixels/stride/stride*s.Out)
		dx, dw, wantDw := be.New(length), be.New(9*s.In*s.Out), be.New(9*s.In*s.Out)
		be.Run(n, device.Stage{conv.Forward(y, device.Stored(got)), conv.Backward(dx, dw, device.Stored(got), dy)})
		be.Run(n, device.Stage{conv.Forward(wantY, device.Stored(want)), conv.Backward(dx, wantDw, device.Stored(want), dy)})
		same("convolution", y, wantY)
		same("weight gradient", dw, wantDw)
	}
}
