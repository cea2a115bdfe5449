package npy_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/npy"
	"srn/pkg/pickle"
)

var archives = []string{"testdata/arrays-numpy1.zip", "testdata/arrays-numpy2.zip"}

// members are those of an archive made by pickle/testdata/make_pickles.py.
func members(t testing.TB, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// want are the arrays that the script writes.
func want() map[string]artifact.Tensor {
	inf := []byte{0, 0, 0x80, 0x7f}
	return map[string]artifact.Tensor{
		"u1":      {Name: "u1", DType: artifact.U8, Shape: []int{2, 3}, Data: []byte{0, 1, 2, 3, 4, 5}},
		"f4":      {Name: "f4", DType: artifact.F32, Shape: []int{3}, Data: append([]byte{0, 0, 0, 0x3f, 0, 0, 0, 0xc0}, inf...)},
		"columns": artifact.Int32s("columns", []int{2, 3}, []int32{0, 1, 2, 3, 4, 5}),
		"big":     {Name: "big", DType: artifact.I16, Shape: []int{3}, Data: []byte{0, 0, 1, 0, 2, 0}},
		"scalar":  artifact.Float64("scalar", []int{}, []float64{1.5}),
		"none":    {Name: "none", DType: artifact.F64, Shape: []int{0, 4}},
		"view":    artifact.Int64s("view", []int{4}, []int64{0, 3, 6, 9}),
	}
}

func equal(a, b artifact.Tensor) bool {
	return a.Name == b.Name && a.DType == b.DType && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.Data, b.Data)
}

func TestFiles(t *testing.T) {
	for _, path := range archives {
		files := members(t, path)
		for name, want := range want() {
			got, err := npy.Read(bytes.NewReader(files[name+".npy"]), name, 1<<20)
			if err != nil || !equal(got, want) {
				t.Errorf("%s: %s: %+v, %v", path, name, got, err)
			}
		}
		for _, name := range []string{"stored.npz", "deflated.npz"} {
			tensors, err := npy.ReadZip(files[name], 1<<20)
			if err != nil || len(tensors) != len(want()) {
				t.Errorf("%s: %s: %d arrays, %v", path, name, len(tensors), err)
			}
			for _, got := range tensors {
				if !equal(got, want()[got.Name]) {
					t.Errorf("%s: %s: %+v", path, name, got)
				}
			}
		}
	}
}

func TestPickled(t *testing.T) {
	for _, path := range archives {
		n := 0
		for name, in := range members(t, path) {
			if !strings.HasPrefix(name, "arrays-") {
				continue
			}
			n++
			v, err := pickle.Read(bufio.NewReader(bytes.NewReader(in)), pickle.Options{Size: int64(len(in)), Known: npy.Pickled})
			if err != nil {
				t.Errorf("%s: %s: %v", path, name, err)
				continue
			}
			for key, want := range want() {
				value, _ := v.(*pickle.Dict).Get(key)
				a, ok := value.(*npy.Array)
				if !ok {
					t.Errorf("%s: %s: %s is a %T", path, name, key, value)
					continue
				}
				if got, err := a.Tensor(key); err != nil || !equal(got, want) {
					t.Errorf("%s: %s: %+v, %v", path, name, got, err)
				}
			}
		}
		if n != 6 {
			t.Errorf("%s: %d pickles", path, n)
		}
	}
}

func TestRefusals(t *testing.T) {
	files := members(t, archives[1])
	whole := files["f4.npy"]
	change := func(old, new string) []byte {
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("no %q", old)
		}
		return bytes.Replace(whole, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"objects":  {files["objects.npy"], `type "|O"`},
		"cut":      {whole[:len(whole)-1], "ends too early"},
		"header":   {whole[:20], "ends too early"},
		"empty":    {nil, "ends too early"},
		"other":    {[]byte("this is no array"), "no NumPy array"},
		"version":  {change("NUMPY\x01", "NUMPY\x09"), "version 9"},
		"records":  {change("'<f4'", "[('a"), "no plain numbers"},
		"complex":  {change("'<f4'", "'<c8'"), `type "<c8"`},
		"huge":     {change("(3,), }     ", "(3000000000,), }"[:12]), "plain numbers"},
		"too many": {change("(3,), }       ", "(9999999,), } "), "more than 1000 bytes"},
		"negative": {change("(3,)", "(-3)"), "plain numbers"},
	} {
		_, err := npy.Read(bytes.NewReader(c.in), "a", 1000)
		var bad *artifact.FormatError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	flipped := bytes.Clone(files["stored.npz"])
	flipped[bytes.Index(flipped, []byte{0, 1, 2, 3, 4, 5})] ^= 1
	for name, in := range map[string][]byte{"no zip": []byte("no zip"), "checksum": flipped, "cut": flipped[:len(flipped)/2]} {
		if _, err := npy.ReadZip(in, 1<<20); err == nil || !strings.Contains(err.Error(), "zip archive is damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := npy.ReadZip(files["stored.npz"], 60); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("beyond the limit: %v", err)
	}
}

// Whatever a file holds, it is arrays whose data are as many as their shapes
// say, within the limit, or a FormatError.
func FuzzFile(f *testing.F) {
	for _, path := range archives {
		for _, in := range members(f, path) {
			f.Add(in)
		}
	}
	const limit = 1 << 20
	check := func(t *testing.T, tensors []artifact.Tensor, err error) {
		var bad *artifact.FormatError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v is a %T", err, err)
		}
		for _, x := range tensors {
			if err == nil && len(x.Data) != x.Len()*x.DType.Size() {
				t.Fatalf("%v of %s has %d bytes", x.Shape, x.DType, len(x.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		boundtest.Allocates(t, uint64(8*limit+200*len(in)), func() {
			x, err := npy.Read(bytes.NewReader(in), "x", limit)
			check(t, []artifact.Tensor{x}, err)
			list, err := npy.ReadZip(in, limit)
			check(t, list, err)
			v, err := pickle.Read(bufio.NewReader(bytes.NewReader(in)), pickle.Options{Size: int64(len(in)), Known: npy.Pickled})
			if d, ok := pickle.DictOf(v); ok && err == nil && len(d.Items) == 1 {
				if a, ok := d.Items[0].Value.(*npy.Array); ok {
					x, err := a.Tensor("x")
					check(t, []artifact.Tensor{x}, err)
				}
			}
		})
	})
}

func TestTypesOfElements(t *testing.T) {
	// A pickle gives its type's order apart; what is asked for twice is not
	// changed in between.
	in := members(t, archives[0])["arrays-2"]
	v, err := pickle.Read(bufio.NewReader(bytes.NewReader(in)), pickle.Options{Size: int64(len(in)), Known: npy.Pickled})
	if err != nil {
		t.Fatal(err)
	}
	value, _ := v.(*pickle.Dict).Get("big")
	first, _ := value.(*npy.Array).Tensor("big")
	second, _ := value.(*npy.Array).Tensor("big")
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
}
