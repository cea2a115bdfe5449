//go:build amd64 && !noasm

package cpu

import "unsafe"

// An inputCall is the argument of an input transform in assembly: of count
// tiles, with strides in bytes. Tiles are counted down: the one numbered left
// has no pixels on its left, the one numbered right none on its right; 0 is none.
type inputCall struct {
	image, above, below unsafe.Pointer // rows −1 and 4: nil where they are zeros
	freq                unsafe.Pointer
	c, row, stride      int
	count, left, right  int
}

func winogradInputNative(s isa, w *Winograd) {
	if w.C == 0 {
		return
	}
	step := max(maxTileVectors*Lanes/w.C, 1)
	for t := 0; t < w.Count; t += step {
		call := inputCall{image: unsafe.Pointer(&w.Image[4*t*w.C]), freq: unsafe.Pointer(&w.Freq[t*w.C]),
			c: 4 * w.C, row: 4 * w.Row, stride: 4 * w.Stride, count: min(step, w.Count-t)}
		if w.Above != nil {
			call.above = unsafe.Pointer(&w.Above[4*t*w.C])
		}
		if w.Below != nil {
			call.below = unsafe.Pointer(&w.Below[4*t*w.C])
		}
		if t == 0 {
			call.left = call.count
		}
		if t+call.count == w.Count {
			call.right = 1
		}
		if s == isaAVX512 {
			winogradInputAVX512(&call)
		} else {
			winogradInputAVX2(&call)
		}
	}
}

// stride2InputNative takes the first tile, which has zeros on its left, by itself.
func stride2InputNative(s isa, v *Stride2) {
	if v.C == 0 || v.Count == 0 {
		return
	}
	first := *v
	first.Count = 1
	switch {
	case s == isaAVX512 && v.Above != nil:
		stride2InputLeftAVX512(&first)
	case s == isaAVX512:
		stride2InputCornerAVX512(&first)
	case v.Above != nil:
		stride2InputLeftAVX2(&first)
	default:
		stride2InputCornerAVX2(&first)
	}
	rest := *v
	step := max(maxTileVectors*Lanes/v.C, 1)
	for t := 1; t < v.Count; t += step {
		rest.Image, rest.Freq, rest.Count = v.Image[8*t*v.C:], v.Freq[t*Stride2Values*v.C:], min(step, v.Count-t)
		if v.Above != nil {
			rest.Above = v.Above[8*t*v.C:]
		}
		switch {
		case s == isaAVX512 && v.Above != nil:
			stride2InputAVX512(&rest)
		case s == isaAVX512:
			stride2InputTopAVX512(&rest)
		case v.Above != nil:
			stride2InputAVX2(&rest)
		default:
			stride2InputTopAVX2(&rest)
		}
	}
}
