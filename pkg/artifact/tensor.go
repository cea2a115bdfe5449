package artifact

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// Tensor is a named array. Data is little-endian, row-major and packed.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar
	Data  []byte
}

// Len is the number of elements that the shape asks for.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// byteSize is the size of a tensor in bytes; ok is false where it does not
// fit into an int64 or a dimension is negative.
func byteSize(d DType, shape []int) (size int64, ok bool) {
	n := uint64(d.Size())
	zero := false
	for _, dim := range shape {
		switch {
		case dim < 0:
			return 0, false
		case dim == 0:
			zero = true // the other dimensions are still checked
			continue
		}
		hi, lo := bits.Mul64(n, uint64(dim))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		n = lo
	}
	if zero {
		return 0, true
	}
	return int64(n), true
}

// Float32 returns an F32 tensor holding a copy of v.
func Float32(name string, shape []int, v []float32) Tensor {
	data := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(x))
	}
	return Tensor{name, F32, shape, data}
}

// Float64 returns an F64 tensor holding a copy of v.
func Float64(name string, shape []int, v []float64) Tensor {
	data := make([]byte, 8*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint64(data[8*i:], math.Float64bits(x))
	}
	return Tensor{name, F64, shape, data}
}

// Bytes returns a U8 tensor that shares v.
func Bytes(name string, shape []int, v []byte) Tensor {
	return Tensor{name, U8, shape, v}
}

// Int32s returns an I32 tensor holding a copy of v.
func Int32s(name string, shape []int, v []int32) Tensor {
	data := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(data[4*i:], uint32(x))
	}
	return Tensor{name, I32, shape, data}
}

// Int64s returns an I64 tensor holding a copy of v.
func Int64s(name string, shape []int, v []int64) Tensor {
	data := make([]byte, 8*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint64(data[8*i:], uint64(x))
	}
	return Tensor{name, I64, shape, data}
}

// Float32s returns the elements as float32. F64 is rounded, F16 and BF16 are
// exact, other types are an error.
func (t Tensor) Float32s() ([]float32, error) {
	switch t.DType {
	case F32:
		return elements(t, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case F64:
		return elements(t, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) })
	case F16:
		return elements(t, func(b []byte) float32 { return float16(binary.LittleEndian.Uint16(b)) })
	case BF16:
		return elements(t, func(b []byte) float32 {
			return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		})
	}
	return nil, t.wrongType("a floating-point type (F32, F64, F16 or BF16)")
}

// Float64s returns the elements of an F64 tensor, or widens those of F32, F16
// and BF16.
func (t Tensor) Float64s() ([]float64, error) {
	if t.DType == F64 {
		return elements(t, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	}
	v, err := t.Float32s()
	if err != nil {
		return nil, err
	}
	wide := make([]float64, len(v))
	for i, x := range v {
		wide[i] = float64(x)
	}
	return wide, nil
}

// Int32s returns the elements of an I32 tensor.
func (t Tensor) Int32s() ([]int32, error) {
	if t.DType != I32 {
		return nil, t.wrongType("I32")
	}
	return elements(t, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
}

// Int64s returns the elements of an I64 tensor, or widens those of I32.
func (t Tensor) Int64s() ([]int64, error) {
	switch t.DType {
	case I64:
		return elements(t, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case I32:
		return elements(t, func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) })
	}
	return nil, t.wrongType("I64 or I32")
}

// Uint8s returns the bytes of a U8 tensor without copying them.
func (t Tensor) Uint8s() ([]byte, error) {
	if t.DType != U8 {
		return nil, t.wrongType("U8")
	}
	return t.Data, nil
}

func (t Tensor) wrongType(want string) error {
	return &FormatError{
		Field:   t.field(),
		Problem: fmt.Sprintf("dtype is %s: want %s", t.DType, want),
	}
}

func (t Tensor) field() string { return fmt.Sprintf("tensor %q", t.Name) }

// elements decodes Data, element by element.
func elements[T any](t Tensor, decode func([]byte) T) ([]T, error) {
	size := t.DType.Size()
	if want, ok := byteSize(t.DType, t.Shape); !ok || want != int64(len(t.Data)) {
		return nil, formatErrorf("", t.field(), "%s of shape %v does not take %s", t.DType, t.Shape, quantity(int64(len(t.Data)), "byte"))
	}
	v := make([]T, len(t.Data)/size)
	for i := range v {
		v[i] = decode(t.Data[i*size : (i+1)*size])
	}
	return v, nil
}

// float16 widens an IEEE 754 binary16.
func float16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch exp {
	case 0: // zero and subnormals: frac × 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(frac)/(1<<24)))
	case 0x1f: // infinities and NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
