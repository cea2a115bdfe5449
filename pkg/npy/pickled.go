package npy

import (
	"bytes"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/pickle"
)

// Array is an array in a pickle.
type Array struct {
	Shape []int
	element
	columnMajor bool
	data        []byte // which others may share
}

// Tensor returns the array, row-major.
func (a *Array) Tensor(name string) (artifact.Tensor, error) {
	data := a.data
	if a.big {
		data = bytes.Clone(data)
	}
	return a.array(name, a.Shape, data, a.columnMajor)
}

// pickledType is a type of elements in a pickle.
type pickledType struct{ element }

// Build takes a type's byte order.
func (t *pickledType) Build(state any) error {
	parts, _ := state.(pickle.Tuple)
	if len(parts) < 2 {
		return pickle.Refusef("the pickled type has no byte order")
	}
	order, ok := pickle.Text(parts[1])
	if !ok {
		return pickle.Refusef("the pickled type has no byte order")
	}
	t.big = order == ">"
	return nil
}

// Pickled are the functions by which pickles make arrays, in NumPy 1 and 2 and
// by any protocol; their results are *[Array].
var Pickled = map[pickle.Global]pickle.Func{
	ndarray:                          nil,
	{Module: "numpy", Name: "dtype"}: newType,
	{Module: "numpy.core.multiarray", Name: "_reconstruct"}:  reconstruct,
	{Module: "numpy._core.multiarray", Name: "_reconstruct"}: reconstruct,
	{Module: "numpy.core.numeric", Name: "_frombuffer"}:      fromBuffer,
	{Module: "numpy._core.numeric", Name: "_frombuffer"}:     fromBuffer,
}

var ndarray = pickle.Global{Module: "numpy", Name: "ndarray"}

func newType(args pickle.Tuple) (any, error) {
	if len(args) == 0 {
		return nil, pickle.Refusef("the pickled type has no name")
	}
	code, ok := pickle.Text(args[0])
	e, known := parse(code)
	if !ok || !known {
		return nil, pickle.Refusef("the pickle has an array of type %.20q, none of the numbers that are read", code)
	}
	return &pickledType{e}, nil
}

// reconstruct makes an array that is still without content, see Array.Build.
func reconstruct(args pickle.Tuple) (any, error) {
	if len(args) != 3 || args[0] != ndarray {
		return nil, pickle.Refusef("the pickle makes something other than a NumPy array")
	}
	return &Array{}, nil
}

// Build takes an array's state: version, shape, type, whether the order is
// column-major, content.
func (a *Array) Build(state any) error {
	parts, _ := state.(pickle.Tuple)
	if len(parts) != 5 {
		return pickle.Refusef("the pickled array has a state of %d parts, not 5", len(parts))
	}
	columnMajor, ok := parts[3].(bool)
	if !ok {
		return pickle.Refusef("the pickled array does not tell its order")
	}
	return a.set(parts[1], parts[2], columnMajor, parts[4])
}

// fromBuffer makes an array of protocol 5: content, type, shape, order.
func fromBuffer(args pickle.Tuple) (any, error) {
	if len(args) != 4 {
		return nil, pickle.Refusef("the pickled array has %d parts, not 4", len(args))
	}
	order, _ := pickle.Text(args[3])
	a := &Array{}
	return a, a.set(args[2], args[1], order == "F", args[0])
}

func (a *Array) set(size, kind any, columnMajor bool, content any) error {
	sizes, ok := size.(pickle.Tuple)
	if !ok || len(sizes) > maxDims {
		return pickle.Refusef("the pickled array has no shape")
	}
	shape := make([]int, len(sizes))
	for i, s := range sizes {
		n, ok := s.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return pickle.Refusef("the pickled array has a size that is no count")
		}
		shape[i] = int(n)
	}
	t, ok := kind.(*pickledType)
	if !ok {
		return pickle.Refusef("the pickled array has no type")
	}
	data, ok := content.([]byte)
	if !ok || !fits(t.dtype.Size(), shape, len(data)) {
		return pickle.Refusef("the pickled array of shape %v has not as many bytes as it takes", shape)
	}
	*a = Array{shape, t.element, columnMajor, data}
	return nil
}

// fits tells whether elements of a shape take that many bytes.
func fits(width int, shape []int, bytes int) bool {
	n := width
	for _, d := range shape {
		if d > 0 && n > math.MaxInt/d {
			return false
		}
		n *= d
	}
	return n == bytes
}
