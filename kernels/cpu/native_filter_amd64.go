//go:build amd64 && !noasm

package cpu

import "unsafe"

// A filterCall is the argument of a filter transform in assembly: of len
// elements, with strides in bytes from tap to tap and frequency to frequency.
type filterCall struct {
	taps, freq            unsafe.Pointer
	tapStride, freqStride int
	len                   int
}

// filterPiece is the number of elements that are transformed at a time. The
// frequencies of a filter are often a power of two apart and compete for few
// lines of the first-level cache, so they pass through a scratch array in
// which they do not.
const filterPiece = 128

type filterScratch [Stride2Values][filterPiece + Lanes]float32

// call is a call for the elements from i on.
func (s *filterScratch) call(f *Filter, i int) filterCall {
	return filterCall{
		taps: unsafe.Pointer(&f.Taps[i]), freq: unsafe.Pointer(s),
		tapStride: 4 * f.Len, freqStride: 4 * len(s[0]), len: min(filterPiece, f.Len-i),
	}
}

func filterNative(s isa, f *Filter) {
	var scratch filterScratch
	for i := 0; i < f.Len; i += filterPiece {
		call := scratch.call(f, i)
		if s == isaAVX512 {
			winogradFilterAVX512(&call)
		} else {
			winogradFilterAVX2(&call)
		}
		for k := range 36 {
			copy(f.Freq[k*f.Len+i:], scratch[k][:call.len])
		}
	}
}

func filterGradNative(s isa, f *Filter) {
	var scratch filterScratch
	for i := 0; i < f.Len; i += filterPiece {
		call := scratch.call(f, i)
		for k := range 36 {
			copy(scratch[k][:call.len], f.Freq[k*f.Len+i:])
		}
		if s == isaAVX512 {
			winogradFilterGradAVX512(&call)
		} else {
			winogradFilterGradAVX2(&call)
		}
	}
}

func stride2FilterGradNative(s isa, f *Filter) {
	var scratch filterScratch
	for i := 0; i < f.Len; i += filterPiece {
		call := scratch.call(f, i)
		for k := range Stride2Factors {
			copy(scratch[k][:call.len], f.Freq[k*f.Len+i:])
		}
		if s == isaAVX512 {
			stride2FilterGradAVX512(&call)
		} else {
			stride2FilterGradAVX2(&call)
		}
	}
}

func stride2FilterNative(s isa, f *Filter) {
	var scratch filterScratch
	for i := 0; i < f.Len; i += filterPiece {
		call := scratch.call(f, i)
		if s == isaAVX512 {
			stride2FilterAVX512(&call)
		} else {
			stride2FilterAVX2(&call)
		}
		for k := range Stride2Values {
			copy(f.Freq[k*f.Len+i:], scratch[k][:call.len])
		}
	}
}
