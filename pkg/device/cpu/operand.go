package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// operand is a device.Operand with its memory at hand.
type operand struct {
	src      [4][]float32
	sources  int // 0: all zeros
	coef     []float32
	post     kernels.Post
	maskSrc  []float32
	maskCoef []float32
	channels int
}

var posts = map[device.Post]kernels.Post{
	device.Plain: kernels.Plain,
	device.ReLU:  kernels.ReLU,
	device.Mask:  kernels.Mask,
}

// unpack checks an operand of images with the given number of channels.
func unpack(o device.Operand, channels int) operand {
	u := operand{sources: len(o.Src), coef: host(o.Coef), post: posts[o.Post],
		maskSrc: host(o.MaskSrc), maskCoef: host(o.MaskCoef), channels: channels}
	for i, s := range o.Src {
		u.src[i] = host(s)
	}
	switch {
	case u.coef == nil && (u.sources > 1 || u.post != kernels.Plain):
		panic("cpu: operand: a combination needs coefficients")
	case u.coef != nil && len(u.coef) < (u.sources+1)*channels:
		panic(fmt.Sprintf("cpu: operand: %d coefficients for %d sources of %d channels", len(u.coef), u.sources, channels))
	}
	return u
}

// zero reports whether the operand is absent.
func (u *operand) zero() bool { return u.sources == 0 }

// store evaluates images lo to hi-1 of size×size pixels into dst, whose
// images are image floats apart, rows row floats, and start at offset.
func (u *operand) store(w *worker, dst []float32, lo, hi, height, width, offset, image, row int) {
	c := u.channels
	n := height * width * c
	if u.coef == nil {
		for i := lo; i < hi; i++ {
			src := u.src[0][i*n : (i+1)*n]
			to := dst[(i-lo)*image+offset:]
			for y := range height {
				copy(to[y*row:y*row+width*c], src[y*width*c:])
			}
		}
		return
	}
	k := &w.combine
	*k = kernels.Combine{Sources: u.sources, Coef: u.coef, Post: u.post, MaskCoef: u.maskCoef,
		C: c, Rows: height, Width: width, DstRow: row, SrcRow: width * c}
	for i := lo; i < hi; i++ {
		for s := range u.sources {
			k.Src[s] = u.src[s][i*n : (i+1)*n]
		}
		if u.post == kernels.Mask {
			k.MaskSrc = u.maskSrc[i*n : (i+1)*n]
		}
		k.Dst = dst[(i-lo)*image+offset:]
		w.kernels.Combine(k)
	}
}

// pad evaluates the images of a group into the worker's scratch copy with a
// border of one zero pixel, and returns it.
func (u *operand) pad(w *worker, slot padSlot, lo, hi, size int) []float32 {
	p := w.pads[padKey{size, u.channels, slot}]
	row := (size + 2) * u.channels
	u.store(w, p, lo, hi, size, size, row+u.channels, (size+2)*row, row)
	return p
}

// regions are the stored images that the operand reads.
func (u *operand) regions(list []region, pixels int) []region {
	n := pixels * u.channels
	for _, s := range u.src[:u.sources] {
		list = append(list, region{s, n})
	}
	if u.maskSrc != nil {
		list = append(list, region{u.maskSrc, n})
	}
	return list
}

// combineOp stores an operand.
type combineOp struct {
	touch
	dst    []float32
	src    operand
	pixels int
}

// Combine implements device.Layers.
func (b *Backend) Combine(dst device.Buffer, src device.Operand, channels, pixels int) device.Op {
	o := &combineOp{dst: host(dst), src: unpack(src, channels), pixels: pixels}
	o.in = o.src.regions(nil, pixels)
	o.out = []region{{o.dst, pixels * channels}}
	return o
}

func (o *combineOp) images(w *worker, s span) {
	n := o.pixels * o.src.channels
	o.src.store(w, o.dst[s.lo*n:s.hi*n], s.lo, s.hi, 1, o.pixels, 0, n, n)
}
