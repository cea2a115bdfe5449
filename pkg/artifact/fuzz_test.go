package artifact

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

var fuzzLimits = Limits{Header: 1 << 20, Total: 4 << 20, Window: 8 << 20, Line: 1 << 16}

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
	f.Fuzz(func(t *testing.T, in []byte) {
		file, err := Decode(bytes.NewReader(in), "x", fuzzLimits)
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
	const text = `{"type":"header","tool":"x","version":"1","schema":1,"seed":-3,"config":{"a":[1,2]},"inputs":[{"name":"n","path":"p","sha256":"s"}]}
{"type":"epoch","epoch":1,"loss":0.5,"none":null,"ok":true,"s":"\u00e9"}
{"type":"end","status":"ok"}
`
	f.Add([]byte(text))
	f.Add([]byte(text + text[:200]))
	f.Add(packFrame([]byte(text)))
	f.Add(append(packFrame([]byte(text[:140])), packFrame([]byte(text[140:]))...))
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x03, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		streams, err := DecodeRecords(bytes.NewReader(in), "x", fuzzLimits)
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
				if typ := r.Type(); typ == "" || typ == typeHeader || typ == typeEnd {
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
