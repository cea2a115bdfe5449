package torchfile

import (
	"archive/zip"
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/pickle"
)

// storage is a run of elements that tensors are views of.
type storage struct {
	key    string
	dtype  artifact.DType // empty where the tensor tells
	kind   string         // PyTorch's name of the class
	count  int            // elements; bytes of an untyped one
	offset int            // of a view, in elements
	member *zip.File      // where its bytes are, until they are read
	data   []byte
	root   *storage // of a view
}

// types are PyTorch's classes of storages and names of types.
var types = map[string]artifact.DType{
	"FloatStorage": artifact.F32, "DoubleStorage": artifact.F64, "HalfStorage": artifact.F16, "BFloat16Storage": artifact.BF16,
	"LongStorage": artifact.I64, "IntStorage": artifact.I32, "ShortStorage": artifact.I16, "CharStorage": artifact.I8,
	"ByteStorage": artifact.U8, "BoolStorage": artifact.Bool,
	"float32": artifact.F32, "float64": artifact.F64, "float16": artifact.F16, "bfloat16": artifact.BF16,
	"int64": artifact.I64, "int32": artifact.I32, "int16": artifact.I16, "int8": artifact.I8, "uint8": artifact.U8, "bool": artifact.Bool,
	"uint16": artifact.U16, "uint32": artifact.U32, "uint64": artifact.U64,
}

// reference reads a reference to a storage: the word "storage", its class, key,
// device and number of elements, and in the older form what view it is. Of the
// device, such as cuda:0, nothing depends.
func reference(id any) (s *storage, view any, err error) {
	parts, _ := id.(pickle.Tuple)
	if len(parts) < 5 {
		return nil, nil, pickle.Refusef("the pickle refers to something other than a storage")
	}
	if kind, _ := pickle.Text(parts[0]); kind != "storage" {
		return nil, nil, pickle.Refusef("the pickle refers to something other than a storage")
	}
	class, ok := parts[1].(pickle.Global)
	key, also := pickle.Text(parts[2])
	count, counted := parts[4].(int64)
	if !ok || !also || !counted || count < 0 || count > math.MaxInt/16 {
		return nil, nil, pickle.Refusef("the pickle refers to a storage that it does not describe")
	}
	s = &storage{key: key, dtype: types[class.Name], kind: class.String(), count: int(count)}
	if len(parts) > 5 {
		view = parts[5]
	}
	return s, view, nil
}

// view returns the part of a storage that the older form describes by key,
// offset and size, or the storage itself for None.
func (s *storage) view(v any) (*storage, error) {
	if v == nil {
		return s, nil
	}
	parts, _ := v.(pickle.Tuple)
	if len(parts) != 3 {
		return nil, pickle.Refusef("the pickle has a view of a storage that it does not describe")
	}
	offset, ok := parts[1].(int64)
	count, also := parts[2].(int64)
	if !ok || !also || offset < 0 || count < 0 || offset > int64(s.count) || count > int64(s.count)-offset {
		return nil, pickle.Refusef("the pickle has a view beyond its storage")
	}
	return &storage{key: s.key, dtype: s.dtype, kind: s.kind, count: int(count), offset: int(offset), root: s}, nil
}

// tensor is a view of a storage.
type tensor struct {
	storage       *storage
	dtype         artifact.DType
	offset        int
	shape, stride []int
}

// rebuild are the functions by which pickles make tensors.
var rebuild = map[pickle.Global]pickle.Func{
	{Module: "torch._utils", Name: "_rebuild_tensor"}:               rebuildTensor,
	{Module: "torch._utils", Name: "_rebuild_tensor_v2"}:            rebuildTensor,
	{Module: "torch._utils", Name: "_rebuild_tensor_v3"}:            rebuildTensor,
	{Module: "torch._utils", Name: "_rebuild_parameter"}:            rebuildParameter,
	{Module: "torch._utils", Name: "_rebuild_parameter_with_state"}: rebuildParameter,
	{Module: "torch._tensor", Name: "_rebuild_from_type_v2"}: func(args pickle.Tuple) (any, error) {
		// A tensor of a derived class: function, class, arguments, state.
		if len(args) == 4 {
			function, _ := args[0].(pickle.Global)
			inner, ok := args[2].(pickle.Tuple)
			switch function.Name {
			case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3":
				if ok {
					return rebuildTensor(inner)
				}
			}
		}
		return &pickle.Object{Class: pickle.Global{Module: "torch._tensor", Name: "_rebuild_from_type_v2"}}, nil
	},
}

// rebuildTensor makes a tensor of its storage, offset, shape and stride; of
// what follows only a type matters.
func rebuildTensor(args pickle.Tuple) (any, error) {
	if len(args) < 4 {
		return nil, pickle.Refusef("the pickle makes a tensor of %d parts", len(args))
	}
	s, ok := args[0].(*storage)
	offset, also := args[1].(int64)
	shape, sized := ints(args[2])
	stride, strided := ints(args[3])
	if !ok || !also || !sized || !strided || offset < 0 || len(shape) != len(stride) {
		return nil, pickle.Refusef("the pickle makes a tensor that it does not describe")
	}
	t := &tensor{storage: s, dtype: s.dtype, offset: int(offset), shape: shape, stride: stride}
	if len(args) > 6 {
		if g, ok := args[6].(pickle.Global); ok && g.Module == "torch" {
			t.dtype = types[g.Name]
		}
	}
	return t, nil
}

func rebuildParameter(args pickle.Tuple) (any, error) {
	if len(args) == 0 {
		return nil, pickle.Refusef("the pickle makes a parameter of nothing")
	}
	return args[0], nil
}

const maxDims = 32

func ints(v any) ([]int, bool) {
	list, ok := pickle.Ints(v)
	if !ok || len(list) > maxDims {
		return nil, false
	}
	n := make([]int, len(list))
	for i, x := range list {
		if x < 0 {
			return nil, false
		}
		n[i] = int(x)
	}
	return n, true
}

// load gives the elements of a tensor, row-major. What they take counts
// against what the file may take, its storages too where they must be read.
func (f *File) load(name string, t *tensor) (artifact.Tensor, error) {
	bad := func(format string, a ...any) error {
		return &artifact.FormatError{Field: fmt.Sprintf("tensor %q", name), Problem: fmt.Sprintf(format, a...), Mend: saveAgain}
	}
	none := artifact.Tensor{}
	if t.dtype == "" {
		return none, bad("is of the type %s, which is not read", t.storage.kind)
	}
	root, offset := t.storage, t.offset
	if t.storage.root != nil {
		root = t.storage.root
		if offset > t.storage.count {
			return none, bad("begins beyond its storage")
		}
		offset += t.storage.offset
	}
	if root.data == nil && root.member != nil {
		b, err := contents(root.member, f.left)
		if err != nil {
			return none, described(err)
		}
		f.left -= int64(len(b))
		root.data, root.member = b, nil
	}
	size := int64(t.dtype.Size())
	for _, d := range t.shape {
		if d > 0 && size > f.left/int64(d) {
			return none, bad("of shape %v takes more than the limit", t.shape)
		}
		size *= int64(d)
	}
	f.left -= size
	x, err := artifact.Strided(name, t.dtype, t.shape, t.stride, offset, root.data)
	if err != nil {
		return none, described(err)
	}
	return x, nil
}
