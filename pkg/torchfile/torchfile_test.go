package torchfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/torchfile"
)

const limit = 1 << 20

// versions are archives made by testdata/make_files.py with PyTorch 1.13 and 2.15.
var versions = []string{"torch1.zip", "torch2.zip"}

func files(t testing.TB, version string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join("testdata", version))
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

// each runs a test for a file of each version.
func each(t *testing.T, names []string, test func(t *testing.T, file []byte)) {
	t.Helper()
	for _, v := range versions {
		all := files(t, v)
		for _, name := range names {
			if all[name] == nil {
				t.Fatalf("%s has no %s", v, name)
			}
			t.Run(v+"/"+name, func(t *testing.T) { test(t, all[name]) })
		}
	}
}

func stateDict(t *testing.T, file []byte, key string) *torchfile.StateDict {
	t.Helper()
	f, err := torchfile.Read(file, limit)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.StateDict(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func floats(t *testing.T, s *torchfile.StateDict, name string) ([]float32, []int) {
	t.Helper()
	i := slices.IndexFunc(s.Tensors, func(x artifact.Tensor) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("no tensor %s", name)
	}
	v, err := s.Tensors[i].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return v, s.Tensors[i].Shape
}

// Tensors of every type, and views of shared storages, are read as PyTorch has
// them.
func TestTensors(t *testing.T) {
	base := []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	each(t, []string{"plain.pt", "plain.th", "protocol4.pt"}, func(t *testing.T, file []byte) {
		s := stateDict(t, file, "")
		if len(s.Tensors) != 11 || len(s.Skipped)+len(s.Others) != 0 {
			t.Errorf("%d tensors, %v, %v", len(s.Tensors), s.Skipped, s.Others)
		}
		for name, want := range map[string]struct {
			values []float32
			shape  []int
		}{
			"a.base":       {base, []int{3, 4}},
			"a.shared":     {base, []int{3, 4}},
			"a.view":       {[]float32{6, 7, 10, 11}, []int{2, 2}},
			"a.transposed": {[]float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, []int{4, 3}},
			"a.expanded":   {[]float32{5, 5, 5}, []int{3}},
			"a.f64":        {base, []int{3, 4}},
			"a.f16":        {base, []int{3, 4}},
			"a.bf16":       {base, []int{3, 4}},
			"a.empty":      {nil, []int{0, 2}},
			"a.parameter":  {base, []int{3, 4}},
		} {
			if got, shape := floats(t, s, name); !slices.Equal(got, want.values) || !slices.Equal(shape, want.shape) {
				t.Errorf("%s is %v of shape %v", name, got, shape)
			}
		}
		i := slices.IndexFunc(s.Tensors, func(x artifact.Tensor) bool { return x.Name == "a.scalar" })
		if v, err := s.Tensors[i].Int64s(); err != nil || !slices.Equal(v, []int64{7}) || len(s.Tensors[i].Shape) != 0 {
			t.Errorf("scalar %v, %v", v, err)
		}
	})
}

func both(name string) []string { return []string{name + ".pt", name + ".th"} }

// A state dict is found where training scripts put it, or where it is told to
// be; other objects are passed over.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		files       []string
		key, found  string
		weight      float32
		others      string
		name        string
		wantTensors int
	}{
		{both("trained"), "", "state_dict", 3, "state_dict_ema", "", 6},
		{both("trained"), "state_dict_ema", "state_dict_ema", 4, "state_dict", "", 6},
		{both("model"), "", "model", 3, "", "", 6},
		{both("net"), "", "net", 3, "", "", 6},
		{both("nested"), "", "model.state_dict", 3, "", "", 6},
		{both("nested"), "model.state_dict", "model.state_dict", 3, "", "", 6},
		{both("several"), "teacher", "teacher", 4, "student", "", 6},
		{both("module"), "", "", 3, "", "", 6},
		{[]string{"cuda.th"}, "", "", 3, "", "", 6},
		{[]string{"dumped.pkl"}, "", "", 3, "", "", 6},
	} {
		each(t, c.files, func(t *testing.T, file []byte) {
			s := stateDict(t, file, c.key)
			if s.Key != c.found || strings.Join(s.Others, " ") != c.others || len(s.Tensors) != c.wantTensors {
				t.Errorf("--key %q: %q of %d tensors, others %v", c.key, s.Key, len(s.Tensors), s.Others)
			}
			if got, _ := floats(t, s, "layer.0.weight"); !slices.Equal(got, []float32{c.weight}) {
				t.Errorf("weight %v", got)
			}
		})
	}
}

func TestKeyErrors(t *testing.T) {
	for _, c := range []struct{ file, key, want string }{
		{"trained", "ema", `has no state dict "ema": it has state_dict, state_dict_ema`},
		{"several", "", "under a usual name: it has student, teacher"},
		{"tensor", "", "under a usual name: it has none"},
	} {
		each(t, both(c.file), func(t *testing.T, file []byte) {
			f, err := torchfile.Read(file, limit)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.StateDict(c.key)
			var bad *torchfile.KeyError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// rezip writes a zip archive again, its members changed.
func rezip(t *testing.T, file []byte, change func(name string, content []byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if b = change(m.Name, b); b == nil {
			continue
		}
		to, err := w.Create(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		to.Write(b)
	}
	w.Close()
	return out.Bytes()
}

func TestRefusals(t *testing.T) {
	all := files(t, "torch2.zip")
	flipped := bytes.Clone(all["plain.pt"])
	flipped[bytes.Index(flipped, []byte{0, 0, 0x80, 0x3f})] ^= 1
	only := func(suffix string, content []byte) func(string, []byte) []byte {
		return func(name string, b []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return content
			}
			return b
		}
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"cut zip":          {all["plain.pt"][:len(all["plain.pt"])/2], "zip archive is damaged"},
		"cut legacy":       {all["plain.th"][:len(all["plain.th"])-1], "is truncated"},
		"cut pickle":       {all["plain.th"][:100], "is truncated"},
		"checksum":         {flipped, "checksum"},
		"TorchScript":      {all["script.pt"], "TorchScript"},
		"complex":          {all["complex.pt"], "ComplexFloatStorage"},
		"complex, legacy":  {all["complex.th"], "ComplexFloatStorage"},
		"no pickle":        {rezip(t, all["plain.pt"], only("/data.pkl", nil)), "without data.pkl"},
		"no storage":       {rezip(t, all["plain.pt"], only("/data/0", nil)), `no storage "0"`},
		"short storage":    {rezip(t, all["plain.pt"], only("/data/0", []byte("abcd"))), "of a storage of 1"},
		"big-endian":       {rezip(t, all["plain.pt"], only("/byteorder", []byte("big"))), "little-endian"},
		"big-endian, old":  {bytes.Replace(all["plain.th"], []byte("little_endianq\x02\x88"), []byte("little_endianq\x02\x89"), 1), "little-endian"},
		"storage's count":  {bytes.Replace(all["tensor.th"], []byte{12, 0, 0, 0, 0, 0, 0, 0}, []byte{13, 0, 0, 0, 0, 0, 0, 0}, 1), "13 elements"},
		"other pickle":     {[]byte("\x80\x02]."), ""},
		"protocol":         {[]byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.K\x01."), "another version"},
		"not a zip at all": {[]byte("PK\x03\x04 and so on"), "zip archive is damaged"},
	} {
		f, err := torchfile.Read(c.in, limit)
		if err == nil {
			_, err = f.StateDict("")
		}
		var bad *artifact.FormatError
		if key := (*torchfile.KeyError)(nil); err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &bad) && !errors.As(err, &key) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// The limit counts what tensors take.
	f, err := torchfile.Read(all["plain.pt"], 300)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.StateDict(""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("beyond the limit: %v", err)
	}
}

// Whatever a file holds, it is tensors whose data are as many as their shapes
// say, or an error about the content; memory is bounded.
func FuzzRead(f *testing.F) {
	for _, v := range versions {
		for _, b := range files(f, v) {
			f.Add(b, "")
			f.Add(b, "teacher")
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, key string) {
		boundtest.Allocates(t, uint64(16<<20+300*len(in)), func() {
			file, err := torchfile.Read(in, limit)
			var s *torchfile.StateDict
			if err == nil {
				s, err = file.StateDict(key)
			}
			var bad *artifact.FormatError
			var none *torchfile.KeyError
			if err != nil {
				if !errors.As(err, &bad) && !errors.As(err, &none) {
					t.Fatalf("%v is a %T", err, err)
				}
				return
			}
			for _, x := range s.Tensors {
				if len(x.Data) != x.Len()*x.DType.Size() {
					t.Fatalf("%v of %s has %d bytes", x.Shape, x.DType, len(x.Data))
				}
			}
		})
	})
}

// Files of PyTorch before 0.4 describe views of storages: here elements 2 to 4
// of six, of which the tensor has the last two.
func TestViewOfStorage(t *testing.T) {
	file := "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + "\x80\x02M\xe9\x03." + "\x80\x02}." +
		"\x80\x02}X\x03\x00\x00\x00a.bctorch._utils\n_rebuild_tensor\n(" +
		"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06(X\x01\x00\x00\x00vK\x02K\x03ttQ" +
		"K\x01K\x02\x85K\x01\x85tRs." + "\x80\x02]X\x01\x00\x00\x000a." + "\x06\x00\x00\x00\x00\x00\x00\x00"
	for i := range 6 {
		file += string(artifact.Float32("", nil, []float32{float32(i)}).Data)
	}
	if got, _ := floats(t, stateDict(t, []byte(file), ""), "a.b"); !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("%v", got)
	}
}
