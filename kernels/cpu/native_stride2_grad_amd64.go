//go:build amd64 && !noasm

package cpu

import "unsafe"

// A stride2GradCall is the argument of a transform of stride-2 gradients in
// assembly: of count tiles, with strides in bytes.
type stride2GradCall struct {
	image, below   unsafe.Pointer
	points, lines  unsafe.Pointer // values transformed along both axes, along one
	row, c, stride int
	count          int
}

// call is a call for tiles from t on, which are so many pixels apart.
func (s *Stride2Grad) call(t, count, pixels int) stride2GradCall {
	call := stride2GradCall{image: unsafe.Pointer(&s.Image[pixels*t*s.C]),
		points: unsafe.Pointer(&s.Freq[s.point(t, 0, 0)]), lines: unsafe.Pointer(&s.Freq[s.down(t, 0, 0)]),
		row: 4 * s.Row, c: 4 * s.C, stride: 4 * s.Stride, count: count}
	if s.Below != nil {
		call.below = unsafe.Pointer(&s.Below[pixels*t*s.C])
	}
	return call
}

// step is the number of tiles of a call.
func (s *Stride2Grad) step() int { return max(maxTileVectors*Lanes/s.C, 1) }

// stride2OutputGradNative takes the last tile, which has zeros on its right, by itself.
func stride2OutputGradNative(s isa, v *Stride2Grad) {
	if v.C == 0 || v.Count == 0 {
		return
	}
	last := v.Count - 1
	for t := 0; t < last; t += v.step() {
		call := v.call(t, min(v.step(), last-t), 4)
		switch {
		case s == isaAVX512 && v.Below != nil:
			stride2OutputGradAVX512(&call)
		case s == isaAVX512:
			stride2OutputGradBottomAVX512(&call)
		case v.Below != nil:
			stride2OutputGradAVX2(&call)
		default:
			stride2OutputGradBottomAVX2(&call)
		}
	}
	call := v.call(last, 1, 4)
	switch {
	case s == isaAVX512 && v.Below != nil:
		stride2OutputGradRightAVX512(&call)
	case s == isaAVX512:
		stride2OutputGradCornerAVX512(&call)
	case v.Below != nil:
		stride2OutputGradRightAVX2(&call)
	default:
		stride2OutputGradCornerAVX2(&call)
	}
}

func stride2InputGradNative(s isa, v *Stride2Grad) {
	if v.C == 0 {
		return
	}
	for t := 0; t < v.Count; t += v.step() {
		call := v.call(t, min(v.step(), v.Count-t), 8)
		if s == isaAVX512 {
			stride2InputGradAVX512(&call)
		} else {
			stride2InputGradAVX2(&call)
		}
	}
}

func stride2InputTileNative(s isa, v *Stride2Grad) {
	if v.C == 0 {
		return
	}
	for t := 0; t < v.Count; t += v.step() {
		call := v.call(t, min(v.step(), v.Count-t), 8)
		if s == isaAVX512 {
			stride2InputTileAVX512(&call)
		} else {
			stride2InputTileAVX2(&call)
		}
	}
}
