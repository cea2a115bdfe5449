//go:build amd64 && !noasm

package cpu

import "unsafe"

// A sumsCall is the argument of sums in assembly, over some channels of at
// most sumPixels pixels. It writes the sums and then the sums of products.
type sumsCall struct {
	a, b, a2, b2 unsafe.Pointer
	out          unsafe.Pointer
	pixels       int
	stride       int // bytes from pixel to pixel
}

// sumChannels lists the numbers of channels that the assembly of an isa sums
// up at a time.
var sumChannels = [...][]int{isaAVX512: {64, 32, 16}, isaAVX2: {32, 16}}

func sumsNative(s isa, v *Sums) {
	var part [2 * 64]float32
	call := sumsCall{out: unsafe.Pointer(&part), stride: 4 * v.C}
	for p := 0; p < v.Pixels; p += sumPixels {
		call.pixels = min(sumPixels, v.Pixels-p)
		c := 0
		for _, channels := range sumChannels[s] {
			for ; c+channels <= v.C; c += channels {
				at := p*v.C + c
				call.a, call.b = unsafe.Pointer(&v.A[at]), unsafe.Pointer(&v.B[at])
				if v.A2 != nil {
					call.a2, call.b2 = unsafe.Pointer(&v.A2[at]), unsafe.Pointer(&v.B2[at])
				}
				sumsPart(s, channels, v.A2 != nil, &call)
				for i := range channels {
					v.Out[c+i] += float64(part[i])
					v.Out[v.C+c+i] += float64(part[channels+i])
				}
			}
		}
	}
}

// sumsPart runs a call on a number of channels.
func sumsPart(s isa, channels int, twoPairs bool, call *sumsCall) {
	switch {
	case s == isaAVX512 && channels == 64 && twoPairs:
		sums2x64AVX512(call)
	case s == isaAVX512 && channels == 64:
		sums1x64AVX512(call)
	case s == isaAVX512 && channels == 32 && twoPairs:
		sums2x32AVX512(call)
	case s == isaAVX512 && channels == 32:
		sums1x32AVX512(call)
	case s == isaAVX512 && twoPairs:
		sums2x16AVX512(call)
	case s == isaAVX512:
		sums1x16AVX512(call)
	case channels == 32 && twoPairs:
		sums2x32AVX2(call)
	case channels == 32:
		sums1x32AVX2(call)
	case twoPairs:
		sums2x16AVX2(call)
	default:
		sums1x16AVX2(call)
	}
}
