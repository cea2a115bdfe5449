package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// operand is a device.Operand with its memory at hand.
type operand struct {
	src      [4]view
	sources  int // 0: all zeros
	coef     []float32
	post     kernels.Post
	maskSrc  view
	maskCoef []float32

	channels, height, width int
}

var posts = map[device.Post]kernels.Post{
	device.Plain: kernels.Plain,
	device.ReLU:  kernels.ReLU,
	device.Mask:  kernels.Mask,
}

// unpack checks an operand of images with the given shape.
func unpack(o device.Operand, channels, height, width int) operand {
	u := operand{sources: len(o.Src), coef: host(o.Coef), post: posts[o.Post],
		maskSrc: viewOf(o.MaskSrc, channels, height, width), maskCoef: host(o.MaskCoef),
		channels: channels, height: height, width: width}
	for i, s := range o.Src {
		u.src[i] = viewOf(s, channels, height, width)
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

// store evaluates images lo to hi-1 as images 0 and up of dst.
func (u *operand) store(w *worker, dst view, lo, hi int) {
	if u.coef == nil {
		n := u.width * u.channels
		for i := lo; i < hi; i++ {
			to, from := dst.at(i-lo), u.src[0].at(i)
			for y := range u.height {
				copy(to[y*dst.row:][:n], from[y*u.src[0].row:])
			}
		}
		return
	}
	k := &w.combine
	*k = kernels.Combine{Sources: u.sources, Coef: u.coef, Post: u.post, MaskCoef: u.maskCoef,
		C: u.channels, Rows: u.height, Width: u.width, DstRow: dst.row, MaskRow: u.maskSrc.row}
	for s := range u.sources {
		k.SrcRow[s] = u.src[s].row
	}
	for i := lo; i < hi; i++ {
		for s := range u.sources {
			k.Src[s] = u.src[s].at(i)
		}
		if u.post == kernels.Mask {
			k.MaskSrc = u.maskSrc.at(i)
		}
		k.Dst = dst.at(i - lo)
		w.kernels.Combine(k)
	}
}

// images returns images lo to hi-1 as they are stored, or evaluated into the
// worker's scratch memory.
func (u *operand) images(w *worker, slot scratchSlot, lo, hi int) view {
	if u.coef == nil {
		return u.src[0].from(lo)
	}
	v := view{w.scratch[scratchKey{u.width, u.channels, false, slot}], u.height * u.width * u.channels, u.width * u.channels}
	u.store(w, v, lo, hi)
	return v
}

// bordered returns a copy of images lo to hi-1 with a border of one zero
// pixel, in the worker's scratch memory from the border's first pixel on.
func (u *operand) bordered(w *worker, slot scratchSlot, lo, hi int) []float32 {
	memory := w.scratch[scratchKey{u.width, u.channels, true, slot}]
	u.store(w, bordered(memory, u.width, u.channels), lo, hi)
	return memory
}

// regions are the stored images that the operand reads.
func (u *operand) regions(list []region) []region {
	for i := range u.sources {
		list = append(list, u.src[i].region())
	}
	if u.maskSrc.memory != nil {
		list = append(list, u.maskSrc.region())
	}
	return list
}

// combineOp stores an operand.
type combineOp struct {
	touch
	dst view
	src operand
}

// Combine implements device.Layers.
func (b *Backend) Combine(dst device.Buffer, src device.Operand, channels, pixels int) device.Op {
	o := &combineOp{dst: viewOf(dst, channels, 1, pixels), src: unpack(src, channels, 1, pixels)}
	o.in, o.out = o.src.regions(nil), []region{o.dst.region()}
	return o
}

func (o *combineOp) images(w *worker, s span) { o.src.store(w, o.dst.from(s.lo), s.lo, s.hi) }
