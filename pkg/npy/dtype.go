package npy

import (
	"slices"

	"srn/pkg/artifact"
)

// element is the type of an array's elements.
type element struct {
	dtype artifact.DType
	big   bool // big-endian
}

// codes are NumPy's names of types without the byte order.
var codes = map[string]artifact.DType{
	"b1": artifact.Bool, "u1": artifact.U8, "i1": artifact.I8, "u2": artifact.U16, "i2": artifact.I16, "u4": artifact.U32,
	"i4": artifact.I32, "u8": artifact.U64, "i8": artifact.I64, "f2": artifact.F16, "f4": artifact.F32, "f8": artifact.F64,
}

// parse reads a type such as "<f4" or "|u1"; without an order it is
// little-endian.
func parse(text string) (e element, ok bool) {
	if text != "" {
		switch text[0] {
		case '>':
			e.big = true
			text = text[1:]
		case '<', '|', '=':
			text = text[1:]
		}
	}
	e.dtype, ok = codes[text]
	return e, ok
}

// array makes a tensor of an array's bytes, which it may change.
func (e element) array(name string, shape []int, data []byte, columnMajor bool) (artifact.Tensor, error) {
	if width := e.dtype.Size(); e.big {
		for at := 0; at+width <= len(data); at += width {
			slices.Reverse(data[at : at+width])
		}
	}
	strides := make([]int, len(shape))
	n := 1
	for i := range shape {
		at := i
		if !columnMajor {
			at = len(shape) - 1 - i
		}
		strides[at] = n
		n *= max(shape[at], 1)
	}
	return artifact.Strided(name, e.dtype, shape, strides, 0, data)
}
