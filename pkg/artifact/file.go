package artifact

import "fmt"

// File is the content of a tensor file.
type File struct {
	// Tensors in the order of the file when read; in any order when written,
	// since the writer sorts them.
	Tensors []Tensor
	// Metadata is the header's __metadata__; nil where there is none.
	Metadata map[string]string
	// SHA256 is the hash of the uncompressed bytes in hexadecimal, set by
	// Read and Write.
	SHA256 string
}

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Need finds a tensor and checks its type and shape. A dimension of -1 in
// shape takes any length; dtype "" takes any type. Path is the file's name
// for the error, which is a *FormatError.
func (f *File) Need(path, name string, dtype DType, shape ...int) (Tensor, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return Tensor{}, formatErrorf(path, fmt.Sprintf("tensor %q", name), "is missing")
	}
	if dtype != "" && t.DType != dtype {
		return Tensor{}, formatErrorf(path, t.field(), "dtype is %s: want %s", t.DType, dtype)
	}
	if len(t.Shape) != len(shape) {
		return Tensor{}, formatErrorf(path, t.field(), "shape %v has %s: want %d",
			t.Shape, quantity(int64(len(t.Shape)), "dimension"), len(shape))
	}
	for i, want := range shape {
		if want >= 0 && t.Shape[i] != want {
			return Tensor{}, formatErrorf(path, t.field(), "shape is %v: want %v", t.Shape, wanted(shape))
		}
	}
	return t, nil
}

// ReadFloats copies the float64 vector of a name, as long as to, into to. Path
// is the file's name for the error, which is a *FormatError.
func (f *File) ReadFloats(path, name string, to []float64) error {
	return readVector(f, path, name, F64, Tensor.Float64s, to)
}

// ReadFinite is ReadFloats of numbers of which none may be NaN or infinite.
func (f *File) ReadFinite(path, name string, to []float64) error {
	if err := f.ReadFloats(path, name, to); err != nil {
		return err
	}
	return allFinite(path, name, to)
}

// ReadFinite32 is ReadFinite of a float32 vector.
func (f *File) ReadFinite32(path, name string, to []float32) error {
	if err := readVector(f, path, name, F32, Tensor.Float32s, to); err != nil {
		return err
	}
	return allFinite(path, name, to)
}

func readVector[T any](f *File, path, name string, dtype DType, values func(Tensor) ([]T, error), to []T) error {
	t, err := f.Need(path, name, dtype, len(to))
	if err != nil {
		return err
	}
	v, err := values(t)
	if err != nil {
		return err
	}
	copy(to, v)
	return nil
}

func allFinite[T float32 | float64](path, name string, v []T) error {
	for i, x := range v {
		if x-x != 0 {
			return formatErrorf(path, fmt.Sprintf("tensor %q", name), "number %d of %d is %v", i+1, len(v), x)
		}
	}
	return nil
}

// wanted prints a shape with * for any length.
func wanted(shape []int) []string {
	s := make([]string, len(shape))
	for i, d := range shape {
		s[i] = fmt.Sprint(d)
		if d < 0 {
			s[i] = "*"
		}
	}
	return s
}
