package npy

import (
	"bytes"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/pickle"
)

// Array is an array in a pickle, as it describes itself; [Array.Tensor] checks
// that description.
type Array struct {
	shape, kind, content any
	columnMajor          bool
}

// pickledType is a type of elements in a pickle.
type pickledType struct{ name, order string }

// Build takes a type's byte order.
func (t *pickledType) Build(state any) error {
	if parts, _ := state.(pickle.Tuple); len(parts) >= 2 {
		t.order, _ = pickle.Text(parts[1])
	}
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
	t := &pickledType{}
	if len(args) > 0 {
		t.name, _ = pickle.Text(args[0])
	}
	return t, nil
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
	*a = Array{parts[1], parts[2], parts[4], columnMajor}
	return nil
}

// fromBuffer makes an array of protocol 5: content, type, shape, order.
func fromBuffer(args pickle.Tuple) (any, error) {
	if len(args) != 4 {
		return nil, pickle.Refusef("the pickled array has %d parts, not 4", len(args))
	}
	order, _ := pickle.Text(args[3])
	return &Array{args[2], args[1], args[0], order == "F"}, nil
}

// Tensor returns the array, row-major. What is wrong with it is a
// *[pickle.Refusal].
func (a *Array) Tensor(name string) (artifact.Tensor, error) {
	var none artifact.Tensor
	sizes, ok := a.shape.(pickle.Tuple)
	if !ok || len(sizes) > maxDims {
		return none, pickle.Refusef("the pickled array has no shape")
	}
	shape := make([]int, len(sizes))
	for i, s := range sizes {
		n, ok := s.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return none, pickle.Refusef("the pickled array has a size that is no count")
		}
		shape[i] = int(n)
	}
	t, ok := a.kind.(*pickledType)
	if !ok {
		return none, pickle.Refusef("the pickled array has no type")
	}
	e, ok := parse(t.name)
	if !ok {
		return none, pickle.Refusef("the pickled array is of type %.20q, none of the numbers that are read", t.name)
	}
	e.big = e.big || t.order == ">"
	data, ok := a.content.([]byte)
	if !ok || !fits(e.dtype.Size(), shape, len(data)) {
		return none, pickle.Refusef("the pickled array of shape %v has not as many bytes as it takes", shape)
	}
	if e.big {
		data = bytes.Clone(data) // others may share it
	}
	tensor, err := e.array(name, shape, data, a.columnMajor)
	if err != nil {
		return none, pickle.Refusef("%v", err)
	}
	return tensor, nil
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
