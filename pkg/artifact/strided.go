package artifact

import (
	"math"
	"slices"
)

// Strided returns a tensor of the elements that lie in data with the given
// strides, in elements, from the offset on: row-major where they do not lie so
// already, sharing data where they do. The bounds are checked first; what lies
// beyond them is a *FormatError.
func Strided(name string, dtype DType, shape, strides []int, offset int, data []byte) (Tensor, error) {
	t := Tensor{Name: name, DType: dtype, Shape: shape}
	size, ok := byteSize(dtype, shape)
	width := dtype.Size()
	if width == 0 || !ok || len(strides) != len(shape) {
		return t, formatErrorf("", t.field(), "%s of shape %v and strides %v is no tensor", dtype, shape, strides)
	}
	if size == 0 {
		return t, nil
	}
	count := len(data) / width
	last := offset
	for i, d := range shape {
		if strides[i] < 0 || d > 1 && strides[i] > (math.MaxInt-last)/(d-1) {
			return t, formatErrorf("", t.field(), "has the strides %v, which leave its storage", strides)
		}
		last += (d - 1) * strides[i]
	}
	if offset < 0 || last >= count {
		return t, formatErrorf("", t.field(), "asks for element %d of a storage of %d", last, count)
	}
	if slices.Equal(strides, rowMajor(shape)) {
		t.Data = data[offset*width:][:size]
		return t, nil
	}
	t.Data = make([]byte, 0, size)
	index := make([]int, len(shape))
	for at := offset; ; {
		t.Data = append(t.Data, data[at*width:(at+1)*width]...)
		i := len(index) - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < shape[i] {
				at += strides[i]
				break
			}
			at -= (shape[i] - 1) * strides[i]
			index[i] = 0
		}
		if i < 0 {
			return t, nil
		}
	}
}

// rowMajor are the strides of packed elements.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		n *= shape[i]
	}
	return strides
}
