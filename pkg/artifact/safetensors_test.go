package artifact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"srn/pkg/artifact/boundtest"
)

// safetensors puts a header and data together, without any check.
func safetensors(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// compressed returns b as one zstd frame.
func compressed(b []byte) []byte { return packFrame(b) }

func writeTemp(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func example() *File {
	return &File{
		Tensors: []Tensor{
			Bytes("pixels", []int{2, 3}, []byte{1, 2, 3, 4, 5, 6}),
			Float32("b", []int{2}, []float32{1, -2}),
			Float32("a", []int{}, []float32{float32(math.Inf(-1))}),
			Float64("d", []int{1, 1}, []float64{math.Pi}),
			Int32s("labels", []int{3}, []int32{-1, 0, math.MaxInt32}),
			Int64s("n", []int{1}, []int64{math.MinInt64}),
			{Name: "empty", DType: F16, Shape: []int{0, 7}, Data: nil},
			{Name: "mask", DType: Bool, Shape: []int{2}, Data: []byte{0, 1}},
			{Name: "h\"ö\n", DType: BF16, Shape: []int{1}, Data: []byte{0x80, 0x3f}},
		},
		Metadata: map[string]string{"format": "x/1", "config": `{"a":"<&>"}`, "": "empty key"},
	}
}

func TestRoundTrip(t *testing.T) {
	var plain []byte
	for _, name := range []string{"x.safetensors", "x.safetensors.zst"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			want := example()
			if err := Write(path, want); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got.SHA256 != want.SHA256 || len(got.SHA256) != 64 {
				t.Errorf("hash read %s, written %s", got.SHA256, want.SHA256)
			}
			if h, err := HashFile(path); err != nil || h != want.SHA256 {
				t.Errorf("HashFile: %s, %v; want %s", h, err, want.SHA256)
			}
			if !reflect.DeepEqual(got.Metadata, want.Metadata) {
				t.Errorf("metadata %q, want %q", got.Metadata, want.Metadata)
			}
			if len(got.Tensors) != len(want.Tensors) {
				t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
			}
			for _, w := range want.Tensors {
				g, ok := got.Tensor(w.Name)
				if !ok || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(g.Data, w.Data) {
					t.Errorf("tensor %q: %v, want %v", w.Name, g, w)
				}
			}

			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == "x.safetensors" {
				plain = b
				return
			}
			if b, err = unzstd(b); err != nil || !bytes.Equal(b, plain) {
				t.Errorf("the decompressed file differs from the plain one (%v)", err)
			}
		})
	}
}

func unzstd(b []byte) ([]byte, error) {
	d, err := zstd.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return io.ReadAll(d)
}

// The bytes are those of the format's reference implementation.
func TestGolden(t *testing.T) {
	f := &File{
		Tensors: []Tensor{
			Bytes("z", []int{3}, []byte{7, 8, 9}),
			Float32("b", []int{}, []float32{-2}),
			Float32("a", []int{2, 1}, []float32{1, 0.5}),
		},
		Metadata: map[string]string{"format": "pt"},
	}
	want := safetensors(`{"__metadata__":{"format":"pt"},`+
		`"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},`+
		`"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},`+
		`"z":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}}      `,
		0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f, 0, 0, 0, 0xc0, 7, 8, 9)
	var b bytes.Buffer
	if err := Encode(&b, f); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got  %q\nwant %q", b.Bytes(), want)
	}
	const sum = "54caabe231af85bad2892511024e1437589998b7cf9658be11fd63d4a2f87971"
	if f.SHA256 != sum {
		t.Errorf("hash %s, want %s", f.SHA256, sum)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	f := example()
	var want []byte
	for i := range 4 {
		path := filepath.Join(t.TempDir(), "x.safetensors.zst")
		slices.Reverse(f.Tensors)
		if err := Write(path, f); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = b
		}
		if !bytes.Equal(b, want) {
			t.Fatalf("run %d gave other bytes", i)
		}
	}
}

// An official file may order its tensors and keys as it likes.
func TestReadForeignOrder(t *testing.T) {
	b := safetensors("{ \"b\" : {\"data_offsets\":[2,4],\"shape\":[1],\"dtype\":\"I16\"},\n"+
		"\"\\u0061\\/\": {\"dtype\":\"F16\", \"shape\":[ ], \"data_offsets\":[0, 2]} , \"__metadata__\":{} } \t\r\n",
		0, 0x3c, 5, 0)
	f, err := Decode(bytes.NewReader(b), "x", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := f.Tensor("a/")
	if !ok {
		t.Fatalf("no tensor a/ in %v", f.Tensors)
	}
	if v, err := a.Float32s(); err != nil || !slices.Equal(v, []float32{1}) {
		t.Errorf("a/ = %v, %v", v, err)
	}
	if v, _ := f.Tensor("b"); !bytes.Equal(v.Data, []byte{5, 0}) {
		t.Errorf("b = %v", v)
	}
}

func TestMalformed(t *testing.T) {
	f32 := func(name, shape, offsets string) string {
		return `"` + name + `":{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}`
	}
	four := []byte{1, 2, 3, 4}
	tests := []struct {
		name string
		file []byte
		want string // in the error; of a plain regular file
	}{
		{"empty file", nil, "has 0 bytes: a safetensors file has at least 8"},
		{"seven bytes", make([]byte, 7), "has 7 bytes: a safetensors file has at least 8"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 100_000_001), "header: is said to take 100000001 bytes: the limit is 16777216"},
		{"header length overflows", binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "header: is said to take 18446744073709551615 bytes"},
		{"header truncated", safetensors(`{"a":`)[:10], "header: is truncated: it takes 5 bytes, 2 follow"},
		{"empty header", safetensors(""), "header: does not start with '{'"},
		{"not JSON", safetensors("PK345678"), "header: does not start with '{'"},
		{"leading space", safetensors(" {}"), "header: does not start with '{'"},
		{"JSON unfinished", safetensors(`{"a":{`), "header: byte 6: unexpected EOF"},
		{"JSON followed by text", safetensors(`{}x`), "header: byte 2: something follows the header"},
		{"NUL padding", safetensors("{}\x00"), "header: byte 2: something follows the header"},
		{"trailing comma", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,}`, four...), "header: byte 53: invalid character ',' at start of value"},
		{"bad UTF-8", safetensors("{\"a\xff\":1}"), "header: is not valid UTF-8"},
		{"lone surrogate", safetensors(`{"\ud800":1}`), "invalid surrogate pair"},
		{"control character", safetensors("{\"a\nb\":1}"), "expecting non-control character"},
		{"duplicate name", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,`+f32("a", "[1]", "[4,8]")+`}`, 1, 2, 3, 4, 5, 6, 7, 8), `duplicate key "a"`},
		{"duplicate name, escaped", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,`+f32(`\u0061`, "[1]", "[4,8]")+`}`, 1, 2, 3, 4, 5, 6, 7, 8), `duplicate key "a"`},
		{"duplicate dtype", safetensors(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...), `tensor "a": header: byte 20: duplicate key "dtype"`},
		{"duplicate metadata", safetensors(`{"__metadata__":{"k":"1","k":"2"}}`), `__metadata__: header: byte 25: duplicate key "k"`},
		{"nested metadata", safetensors(`{"__metadata__":{"k":{"l":"m"}}}`), "__metadata__: header: byte 21: found {: want a string"},
		{"metadata is a number", safetensors(`{"__metadata__":{"k":1}}`), "__metadata__: header: byte 21: found number: want a string"},
		{"metadata is a list", safetensors(`{"__metadata__":[]}`), "__metadata__: header: byte 16: found [: want an object"},
		{"unknown dtype", safetensors(`{"a":{"dtype":"F128","shape":[1],"data_offsets":[0,16]}}`, make([]byte, 16)...), `tensor "a": dtype "F128" is not supported; supported are`},
		{"missing dtype", safetensors(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, four...), `tensor "a": has no dtype`},
		{"missing shape", safetensors(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, four...), `tensor "a": has no shape`},
		{"missing offsets", safetensors(`{"a":{"dtype":"F32","shape":[1]}}`, four...), `tensor "a": has no data_offsets`},
		{"unknown key", safetensors(`{"a":{"dtype":"F32","stride":[1]}}`), `tensor "a": header: byte 28: unknown key "stride"`},
		{"wrong size for dtype", safetensors(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}`, four...), `tensor "a": F64 of shape [1] takes 8 bytes, but data_offsets [0 4] span 4`},
		{"negative dimension", safetensors(`{`+f32("a", "[-1]", "[0,4]")+`}`, four...), `tensor "a": header: byte 29: -1 is negative`},
		{"negative offset", safetensors(`{`+f32("a", "[1]", "[-4,0]")+`}`, four...), "-4 is negative"},
		{"fractional dimension", safetensors(`{`+f32("a", "[1.0]", "[0,4]")+`}`, four...), "1.0 is not written as an integer"},
		{"exponent", safetensors(`{`+f32("a", "[1e0]", "[0,4]")+`}`, four...), "1e0 is not written as an integer"},
		{"leading zero", safetensors(`{`+f32("a", "[01]", "[0,4]")+`}`, four...), "byte 30: invalid character '1' after array element"},
		{"dimension beyond 63 bits", safetensors(`{`+f32("a", "[9223372036854775808]", "[0,4]")+`}`, four...), "9223372036854775808 is beyond 2^63-1"},
		{"shape overflows", safetensors(`{` + f32("a", "[4294967296,4294967296,4294967296]", "[0,0]") + `}`), `tensor "a": shape [4294967296 4294967296 4294967296] overflows`},
		{"bytes overflow", safetensors(`{` + f32("a", "[4611686018427387904]", "[0,0]") + `}`), `tensor "a": shape [4611686018427387904] overflows`},
		{"overflow beside a zero", safetensors(`{` + f32("a", "[0,9223372036854775807,9223372036854775807]", "[0,0]") + `}`), "overflows"},
		{"too many dimensions", safetensors(`{`+f32("a", "["+strings.Repeat("1,", 64)+"1]", "[0,4]")+`}`, four...), "more than 64 dimensions"},
		{"one offset", safetensors(`{`+f32("a", "[1]", "[0]")+`}`, four...), "data_offsets has 1 number: want two"},
		{"three offsets", safetensors(`{`+f32("a", "[1]", "[0,4,8]")+`}`, four...), "data_offsets has more than two numbers"},
		{"offsets reversed", safetensors(`{`+f32("a", "[1]", "[4,0]")+`}`, four...), `tensor "a": data_offsets [4 0] end before they begin`},
		{"overlap", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,`+f32("b", "[1]", "[2,6]")+`}`, 1, 2, 3, 4, 5, 6), `tensor "b": data_offsets [2 6] overlap those of tensor "a", which end at 4`},
		{"same place twice", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,`+f32("b", "[1]", "[0,4]")+`}`, four...), `tensor "b": data_offsets [0 4] overlap those of tensor "a"`},
		{"hole", safetensors(`{`+f32("a", "[1]", "[0,4]")+`,`+f32("b", "[1]", "[5,9]")+`}`, make([]byte, 9)...), `tensor "b": data_offsets [5 9] leave a hole: the tensors before it end at 4`},
		{"hole at the start", safetensors(`{`+f32("a", "[1]", "[4,8]")+`}`, make([]byte, 8)...), `tensor "a": data_offsets [4 8] leave a hole`},
		{"data truncated", safetensors(`{`+f32("a", "[1]", "[0,4]")+`}`, 1, 2, 3), "is truncated: the header asks for 66 bytes, the file has 65"},
		{"trailing byte", safetensors(`{`+f32("a", "[1]", "[0,4]")+`}`, 1, 2, 3, 4, 5), "has 1 byte after the last tensor"},
		{"beyond the limit", safetensors(`{` + f32("a", "[1099511627776]", "[0,4398046511104]") + `}`), "the tensors take 4398046511104 bytes, with the header more than the limit of 4294967296"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := writeTemp(t, "x.safetensors", test.file)
			_, err := Read(path, Limits{})
			checkFormatError(t, err, path, test.want)
			// Without a known size, and compressed, the fault is found as well.
			_, err = Decode(bytes.NewReader(test.file), "x", Limits{})
			checkFormatError(t, err, "x", "")
			if len(test.file) > 0 {
				_, err = Decode(bytes.NewReader(compressed(test.file)), "x", Limits{})
				checkFormatError(t, err, "x", "")
			}
		})
	}
}

func checkFormatError(t *testing.T, err error, path, want string) {
	t.Helper()
	var f *FormatError
	if !errors.As(err, &f) {
		t.Fatalf("got %v (%T), want a *FormatError", err, err)
	}
	if f.Path != path {
		t.Errorf("path %q, want %q", f.Path, path)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

// Every file cut short is refused, plain or compressed.
func TestTruncated(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, example()); err != nil {
		t.Fatal(err)
	}
	for _, whole := range [][]byte{b.Bytes(), compressed(b.Bytes())} {
		for n := range len(whole) {
			_, err := Decode(bytes.NewReader(whole[:n]), "x", Limits{})
			checkFormatError(t, err, "x", "")
		}
	}
}

func TestDamagedZstd(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, example()); err != nil {
		t.Fatal(err)
	}
	whole := compressed(b.Bytes())
	checksum := bytes.Clone(whole)
	checksum[len(checksum)-1] ^= 1
	for name, b := range map[string][]byte{
		"checksum": checksum,
		"garbage":  append(bytes.Clone(whole), "garbage"...),
	} {
		_, err := Decode(bytes.NewReader(b), "x", Limits{})
		t.Log(name, err)
		checkFormatError(t, err, "x", "the zstd stream is damaged")
	}
}

func TestBombs(t *testing.T) {
	// 1 GiB of zeros as one tensor takes 33 kB of zstd.
	const size = 1 << 30
	var b bytes.Buffer
	z := newEncoder(&b, zstd.SpeedFastest)
	z.Write(safetensors(`{"a":{"dtype":"U8","shape":[1073741824],"data_offsets":[0,1073741824]}}`))
	zeros := make([]byte, 1<<20)
	for range size >> 20 {
		z.Write(zeros)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	lim := Limits{Total: 1 << 20}
	_, err := Decode(bytes.NewReader(b.Bytes()), "x", lim)
	checkFormatError(t, err, "x", "more than the limit of 1048576")

	// A small header, but endless data after it.
	b.Reset()
	z = newEncoder(&b, zstd.SpeedFastest)
	z.Write(safetensors(`{}`))
	for range 64 {
		z.Write(zeros)
	}
	z.Close()
	_, err = Decode(bytes.NewReader(b.Bytes()), "x", lim)
	checkFormatError(t, err, "x", "holds more than 1048576 uncompressed bytes, the limit")

	// A frame that asks for a window of 1 GiB.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 1, 0, 0}
	_, err = Decode(bytes.NewReader(frame), "x", Limits{})
	checkFormatError(t, err, "x", "needs a window beyond 134217728 bytes, the limit")

	// A header that claims 16 MiB and a tensor that claims 4 GB, on an input
	// of unknown size: memory follows what arrives.
	for _, c := range []struct {
		b     []byte
		limit uint64
	}{
		{binary.LittleEndian.AppendUint64(nil, defaultHeader), 1 << 20},
		{safetensors(`{"a":{"dtype":"U8","shape":[4000000000],"data_offsets":[0,4000000000]}}`), trusted + 1<<20},
	} {
		boundtest.Allocates(t, c.limit, func() {
			_, err := Decode(bytes.NewReader(c.b), "x", Limits{})
			checkFormatError(t, err, "x", "is truncated")
		})
	}

	// A header of 100 MB that is there, of many keys: it is refused before it
	// is read.
	huge := safetensors(`{"__metadata__":{` + strings.Repeat(`"a":"b",`, 12_500_000) + `"z":""}}`)
	boundtest.Allocates(t, 1<<20, func() {
		_, err := Decode(bytes.NewReader(huge), "x", Limits{})
		checkFormatError(t, err, "x", "the limit is 16777216")
	})

	// Records of values that take far more memory than text.
	values := []byte(`{"type":"header","tool":"x","version":"1","schema":2,"seed":0,"config":{},"inputs":[]}` + "\n" + strings.Repeat(`{"type":"t","x":[`+strings.Repeat("[],", 1000)+"0]}\n", 100))
	boundtest.Allocates(t, 4<<20, func() {
		_, err := DecodeRecords(bytes.NewReader(values), "x", Limits{Values: 10_000})
		checkFormatError(t, err, "x", "holds more values than the limit")
	})
}

func TestWriteRefuses(t *testing.T) {
	one := func(t Tensor) *File { return &File{Tensors: []Tensor{t}} }
	tests := []struct {
		file *File
		want string
	}{
		{one(Tensor{"a", F32, []int{2}, make([]byte, 4)}), `tensor "a": F32 of shape [2] takes 8 bytes, but the data has 4`},
		{one(Tensor{"a", "F31", []int{1}, make([]byte, 4)}), `tensor "a": dtype "F31" is not supported`},
		{one(Tensor{"a", F32, []int{-1}, nil}), `tensor "a": shape [-1] is negative or overflows`},
		{one(Tensor{"a", F32, []int{math.MaxInt}, nil}), "overflows"},
		{one(Tensor{"a", U8, make([]int, 65), nil}), "more than 64 dimensions"},
		{one(Tensor{"__metadata__", U8, []int{0}, nil}), "the name is reserved"},
		{one(Tensor{"\xff", U8, []int{0}, nil}), "the name is not valid UTF-8"},
		{&File{Metadata: map[string]string{"k": "\xff"}}, `metadata "k": is not valid UTF-8`},
		{&File{Tensors: []Tensor{{"a", U8, []int{0}, nil}, {"a", F32, []int{0}, nil}}}, `tensor "a": is there twice`},
	}
	for _, test := range tests {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.safetensors.zst")
		err := Write(path, test.file)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %s", err, test.want)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestReadOSErrors(t *testing.T) {
	var f *FormatError
	path := filepath.Join(t.TempDir(), "missing")
	if _, err := Read(path, Limits{}); err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error of the system that names %s", err, path)
	}
	broken := io.MultiReader(bytes.NewReader(safetensors(`{"a":{`)[:10]), failingReader{})
	if _, err := Decode(broken, "x", Limits{}); !errors.Is(err, errDisk) || errors.As(err, &f) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
	broken = io.MultiReader(bytes.NewReader(compressed([]byte("abcdefgh"))[:10]), failingReader{})
	if _, err := Decode(broken, "x", Limits{}); !errors.Is(err, errDisk) || errors.As(err, &f) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

var errDisk = errors.New("disk on fire")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errDisk }

func TestNeed(t *testing.T) {
	f := &File{Tensors: []Tensor{Float32("conv1.weight", []int{2, 1, 1}, []float32{1, 2})}}
	if _, err := f.Need("m", "conv1.weight", F32, 2, -1, 1); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		name  string
		dtype DType
		shape []int
		want  string
	}{
		{"conv1.weight", F32, []int{2, 1, 1, 1}, `m: tensor "conv1.weight": shape [2 1 1] has 3 dimensions: want 4`},
		{"conv1.weight", F32, []int{-1, 3, 1}, `m: tensor "conv1.weight": shape is [2 1 1]: want [* 3 1]`},
		{"conv1.weight", U8, nil, `m: tensor "conv1.weight": dtype is F32: want U8`},
		{"conv2.weight", F32, nil, `m: tensor "conv2.weight": is missing`},
	} {
		_, err := f.Need("m", test.name, test.dtype, test.shape...)
		checkFormatError(t, err, "m", test.want)
	}
}

// A header's length may begin with the bytes of a pickle.
func TestHeaderLengthLikeAPickle(t *testing.T) {
	for _, length := range []int{0x0280, 0x0480, 0x10280} {
		f := &File{Metadata: map[string]string{"a": ""}, Tensors: []Tensor{Bytes("x", []int{1}, []byte{7})}}
		var b bytes.Buffer
		if err := Encode(&b, f); err != nil {
			t.Fatal(err)
		}
		f.Metadata["a"] = strings.Repeat("b", length-int(binary.LittleEndian.Uint64(b.Bytes())))
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := Write(path, f); err != nil {
			t.Fatal(err)
		}
		if b := read(t, path); int(binary.LittleEndian.Uint64([]byte(b))) != length {
			t.Fatalf("the header takes %d bytes, want %d", binary.LittleEndian.Uint64([]byte(b)), length)
		}
		if _, err := Read(path, Limits{}); err != nil {
			t.Error(err)
		}
	}
}
