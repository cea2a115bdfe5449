package artifact

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"srn/pkg/artifact/boundtest"
	"srn/pkg/record"
)

var fuzzLimits = Limits{Header: 1 << 20, Total: 4 << 20, Window: 8 << 20, Line: 1 << 16, Values: 1 << 16}

// What a reader may allocate in all at fuzzLimits. For tensors: the decoder's
// window, doubled; the content, doubled as it arrives; 25 times the header.
// For records: each frame and line once, and 300 bytes a value.
const (
	tensorsBound = 64 << 20
	recordsBound = 64 << 20
)

// attacks are files such as the authors of safetensors list, beyond those of
// [TestMalformed]: headers that readers may take in two ways.
func attacks() [][]byte {
	one := `{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`
	list := [][]byte{
		nil,
		{0, 0, 0, 0, 0, 0, 0},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	}
	for _, header := range []string{
		`{"a":` + one + `,"a":` + one + `}`,
		`{"a":` + one + `,"\u0061":` + one + `}`,
		`{"a":` + one + `,"b":` + one + `}`,
		`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}`,
		`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`,
		`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`,
		`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`,
		`{"a":{"dtype":"U8","shape":[9223372036854775807,2],"data_offsets":[0,1]}}`,
		`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551615]}}`,
		`{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`,
		`{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`,
		`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":1}}`,
		`{"__metadata__":{"a":1}}`,
		`{"__metadata__":{"a":"b","a":"c"}}`,
		`{"__metadata__":"a"}`,
		`[]`, ` {}`, `{} x`, "{}\x00", `{"a":` + strings.Repeat("[", 1000),
		"\xef\xbb\xbf{}", "{\"\xff\":1}",
	} {
		list = append(list, safetensors(header, 0))
	}
	return list
}

// Whatever is read can be written and read again, and anything else is a
// FormatError.
func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	if err := Encode(&b, example()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(packFrame(b.Bytes()))
	f.Add(safetensors(`{}`))
	f.Add(safetensors(`{"__metadata__":{"a":"\ud83d\ude00"},"x":{"dtype":"I16","shape":[2,0],"data_offsets":[0,0]}}  `))
	f.Add(safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[],"data_offsets":[4,5]}}`, 1, 2, 3, 4, 5))
	f.Add(safetensors(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	for _, b := range attacks() {
		f.Add(b)
		f.Add(packFrame(b))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var file *File
		var err error
		boundtest.Allocates(t, tensorsBound, func() { file, err = Decode(bytes.NewReader(in), "x", fuzzLimits) })
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		for _, tensor := range file.Tensors {
			tensor.Float64s()
			tensor.Int64s()
		}
		var out bytes.Buffer
		if err := Encode(&out, file); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(bytes.NewReader(out.Bytes()), "x", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if again.SHA256 != file.SHA256 || len(again.Tensors) != len(file.Tensors) {
			t.Fatalf("hash %s, written %s", again.SHA256, file.SHA256)
		}
		for _, want := range file.Tensors {
			if got, _ := again.Tensor(want.Name); !reflect.DeepEqual(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

// Whatever is read is a list of streams with headers, of which at most the
// last is cut short, and reading a prefix gives a prefix.
func FuzzRecords(f *testing.F) {
	const text = `{"type":"header","tool":"x","version":"1","schema":2,"seed":-3,"config":{"a":[1,2]},"inputs":[{"name":"n","path":"p","sha256":"s"}]}
{"type":"cell","checkpoint":"\u00e9",` + ofFields + `"i":0,"x":null,"loss":0.5,"top1":1}
{"type":"end","status":"ok"}
`
	f.Add([]byte(text))
	f.Add([]byte(text + text[:200]))
	f.Add(packFrame([]byte(text)))
	f.Add(append(packFrame([]byte(text[:140])), packFrame([]byte(text[140:]))...))
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x03, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		var streams []Stream
		var err error
		boundtest.Allocates(t, recordsBound, func() { streams, err = DecodeRecords(bytes.NewReader(in), "x", fuzzLimits) })
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		if len(streams) == 0 {
			t.Fatal("no stream and no error")
		}
		for _, s := range streams {
			for _, r := range s.Records {
				if typ := r.Type(); typ == "" || typ == "header" || typ == "end" {
					t.Fatalf("record %v", r)
				}
			}
		}
		cut, err := DecodeRecords(bytes.NewReader(in[:len(in)*2/3]), "x", fuzzLimits)
		if err != nil {
			return
		}
		last := len(cut) - 1
		if last >= len(streams) || len(cut[last].Records) > len(streams[last].Records) {
			t.Fatalf("a prefix gives more: %v, whole %v", cut, streams)
		}
	})
}

// Records are gone on with after as many as were kept, whatever the file holds,
// or it is refused and stays as it is.
func FuzzResume(f *testing.F) {
	const text = `{"type":"header","tool":"x","version":"1","schema":2,"seed":3,"config":{},"inputs":[]}
{"type":"surrogate","round":1,"surrogate_sha256":"a"}
{"type":"surrogate","round":2,"surrogate_sha256":"a"}
{"type":"end","status":"ok"}
`
	ends := []int{bytes.IndexByte([]byte(text), '\n') + 1, strings.Index(text, `{"type":"surrogate","round":2`), len(text)}
	for keep := range 4 {
		f.Add([]byte(text), keep)
		f.Add([]byte(text+"torn"), keep)
		f.Add([]byte(text+text), keep)
		f.Add(packFrame([]byte(text)), keep)
		f.Add(append(packFrame([]byte(text[:ends[0]])), packFrame([]byte(text[ends[0]:ends[1]]))...), keep)
		f.Add(append(packFrame([]byte(text[:ends[1]])), packFrame([]byte(text[ends[1]:]))[:20]...), keep)
		f.Add([]byte(strings.ReplaceAll(text, "\n", "\n\n")), keep)
	}
	path := filepath.Join(f.TempDir(), "m.jsonl")
	f.Fuzz(func(t *testing.T, in []byte, keep int) {
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		before, _ := DecodeRecords(bytes.NewReader(in), path, Limits{})
		var asked *record.Header
		var w *RecordWriter
		var err error
		boundtest.Allocates(t, recordsBound, func() {
			w, err = ResumeRecords(path, keep, func(h record.Header) error { asked = &h; return nil })
		})
		if err != nil {
			var bad *FormatError
			if !errors.As(err, &bad) || bad.Path == "" {
				t.Fatalf("%v is a %T", err, err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, in) {
				t.Fatalf("a file that was refused is now %q, %v", after, err)
			}
			return
		}
		if err := errors.Join(w.Write(record.Surrogate{}), w.End(record.Diverged)); err != nil {
			t.Fatal(err)
		}
		after, err := ReadRecords(path)
		if err != nil || len(after) != 1 || !after[0].Complete || after[0].Status != record.Diverged || len(after[0].Records) != max(keep, 0)+1 {
			t.Fatalf("%d kept: %v, %v", keep, after, err)
		}
		if asked == nil || !reflect.DeepEqual(*asked, after[0].Header) {
			t.Fatalf("asked for %v, the header is %v", asked, after[0].Header)
		}
		for i, r := range after[0].Records[:max(keep, 0)] {
			if len(before) > 0 && !reflect.DeepEqual(r, before[0].Records[i]) {
				t.Fatalf("record %d is %v, was %v", i, r, before[0].Records[i])
			}
		}
	})
}

// Metadata that a file may hold under our keys are read or are a FormatError,
// and what is read can be written and read again.
func FuzzProvenance(f *testing.F) {
	f.Add("srn-data/1", `{"lr":0.06,"channels":[16,16],"none":null}`, `[{"name":"data","sha256":"ab"}]`)
	f.Add("srn-data/2", `{"a":1,"a":2}`, `{}`)
	f.Add("", strings.Repeat("[", 100), `[{"name":1}]`)
	f.Add("srn-data/1", `1e999`, `[null]`)
	f.Fuzz(func(t *testing.T, format, config, inputs string) {
		file := &File{Metadata: map[string]string{"format": format, "config": config, "inputs": inputs}}
		p, err := file.Provenance("x", "srn-data/1")
		if err != nil {
			var bad *FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		if file.Metadata, err = p.Metadata(); err != nil {
			t.Fatal(err)
		}
		again, err := file.Provenance("x", "srn-data/1")
		if err != nil || !reflect.DeepEqual(again.Config, p.Config) || len(again.Inputs) != len(p.Inputs) {
			t.Fatalf("%v: got %+v, want %+v", err, again, p)
		}
	})
}
