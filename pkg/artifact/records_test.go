package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"srn/pkg/record"
)

var testHeader = record.Header{
	Tool: "srn-eval", Version: "1.2", Schema: record.Schema, Seed: 1<<62 + 1,
	Config: map[string]any{"batch": 128., "arch": "resnet8"},
	Inputs: []record.Input{{Name: "data", Path: "d.safetensors.zst", SHA256: "abc"}},
}

// writeEpochs writes the epochs from first to last with a flush after each.
func writeEpochs(t *testing.T, w *RecordWriter, first, last int) {
	t.Helper()
	for e := first; e <= last; e++ {
		if err := w.Write(record.Surrogate{Round: e, SurrogateSHA256: "ab"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

func createEpochs(t *testing.T, path string, last int) {
	t.Helper()
	w, err := CreateRecords(path, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	writeEpochs(t, w, 1, last)
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
}

// of is what a record says of a checkpoint of which nothing is known.
func of(checkpoint string) record.Subject {
	return record.Subject{Checkpoint: checkpoint, Examined: record.Examined{Split: "test"}}
}

// ofFields are its fields after the first.
const ofFields = `"checkpoint_sha256":"","arch":"","classes":0,"mean":[0,0,0],"std":[0,0,0],"on_dataset":"","on_data_sha256":"","split":"test","images":0,"on_kernels":"","on_precision":"",`

func TestRecordsGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	w, err := CreateRecords(path, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range []record.Record{
		record.Cell{Subject: of("<ö>"), X: 1e21, Loss: math.NaN(), Top1: 0.1},
		&record.Cell{Subject: of("b"), I: 1, Y: new(1e-7), Loss: math.Inf(-1)},
	} {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"header","tool":"srn-eval","version":"1.2","schema":2,"seed":4611686018427387905,"config":{"arch":"resnet8","batch":128},"inputs":[{"name":"data","path":"d.safetensors.zst","sha256":"abc"}]}
{"type":"cell","checkpoint":"<ö>",` + ofFields + `"i":0,"x":1e+21,"loss":null,"top1":0.1}
{"type":"cell","checkpoint":"b",` + ofFields + `"i":1,"x":0,"y":1e-7,"loss":null,"top1":0}
{"type":"end","status":"ok"}
`
	if got := read(t, path); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	streams, err := ReadRecords(path)
	if err != nil || len(streams) != 1 {
		t.Fatalf("%d streams, %v", len(streams), err)
	}
	s := streams[0]
	if !reflect.DeepEqual(s.Header, testHeader) || !reflect.DeepEqual(s.Lines, []int{2, 3}) || !s.Complete || s.Status != "ok" || len(s.Records) != 2 {
		t.Errorf("got %+v", s)
	}
	if c := s.Records[1].(*record.Cell); c.I != 1 || *c.Y != 1e-7 || !math.IsNaN(c.Loss) {
		t.Errorf("got %+v", c)
	}
}

// Compressed, the file decompresses to the plain one and has one frame for
// the header, each flush and the end.
func TestRecordFrames(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "m.jsonl"), filepath.Join(dir, "m.jsonl.zst")
	createEpochs(t, plain, 4)
	createEpochs(t, packed, 4)
	b := []byte(read(t, packed))
	if got, err := unzstd(b); err != nil || string(got) != read(t, plain) {
		t.Errorf("decompressed to %q (%v)", got, err)
	}
	if n := bytes.Count(b, []byte{0x28, 0xb5, 0x2f, 0xfd}); n != 6 {
		t.Errorf("%d frames, want 6", n)
	}
	a, err := HashFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := HashFile(packed); err != nil || h != a {
		t.Errorf("hashes differ: %s, %s (%v)", a, h, err)
	}
}

func TestRecordWriterRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	w, err := CreateRecords(path, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rec  record.Record
		want string
	}{
		{record.End{}, `cannot have the type "end"`},
		{testHeader, `cannot have the type "header"`},
		{record.Cell{Subject: of("a"), I: -1}, `field "i" of "cell" is -1: want a whole number of at least 0`},
		{record.Cell{Subject: of("\xff")}, "invalid UTF-8"},
	} {
		if err := w.Write(test.rec); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: got %v, want %s", test.rec, err, test.want)
		}
	}
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := w.Write(record.Surrogate{}); err == nil || !strings.Contains(err.Error(), "already closed") {
		t.Errorf("writing after the end: %v", err)
	}
	if got := strings.Count(read(t, path), "\n"); got != 2 {
		t.Errorf("%d lines, want header and end", got)
	}
}

func TestCloseKeepsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl.zst")
	w, err := CreateRecords(path, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	path += ".partial"
	onlyFile(t, path)
	if s, err := ReadRecords(path); err != nil || len(s) != 1 || s[0].Complete || len(s[0].Records) != 0 {
		t.Errorf("a started file reads as %v, %v", s, err)
	}
	if err := w.Write(record.Surrogate{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadRecords(path); err != nil || len(s) != 1 || s[0].Complete || len(s[0].Records) != 1 {
		t.Errorf("a closed file without end reads as %v, %v", s, err)
	}
}

// A file cut at any byte gives all whole frames, or plain lines, and nothing
// else.
func TestTornAtEveryByte(t *testing.T) {
	const epochs = 3
	for _, name := range []string{"m.jsonl", "m.jsonl.zst"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			createEpochs(t, path, epochs)
			whole := []byte(read(t, path))
			ends := frameEnds(t, whole)
			for n := range len(whole) + 1 {
				frames := 0
				for frames < len(ends) && ends[frames] <= n {
					frames++
				}
				// A plain line is whole without its newline, too.
				lenient := name == "m.jsonl" && frames < len(ends) && n == ends[frames]-1
				if lenient {
					frames++
				}
				for _, tail := range []int{0, 4096} { // zeros, as after a power failure
					if tail > 0 && (n == len(whole) || lenient) {
						continue
					}
					torn := append(bytes.Clone(whole[:n]), make([]byte, tail)...)
					streams, err := DecodeRecords(bytes.NewReader(torn), "x", Limits{})
					if frames == 0 {
						checkFormatError(t, err, "x", "holds no whole record")
						continue
					}
					if err != nil || len(streams) != 1 {
						t.Fatalf("%d bytes and %d zeros: %d streams, %v", n, tail, len(streams), err)
					}
					s := streams[0]
					want := min(frames-1, epochs)
					if len(s.Records) != want || s.Complete != (frames == epochs+2) {
						t.Fatalf("%d bytes and %d zeros: %d records, complete %t; want %d", n, tail, len(s.Records), s.Complete, want)
					}
				}
			}
		})
	}
}

// frameEnds returns the offsets at which frames, or plain lines, end.
func frameEnds(t *testing.T, b []byte) (ends []int) {
	t.Helper()
	if isZstd(b) {
		magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
		for i := range b {
			if i > 0 && bytes.HasPrefix(b[i:], magic) {
				ends = append(ends, i)
			}
		}
		return append(ends, len(b))
	}
	for i, c := range b {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	return ends
}

// However a run was killed, the resumed file is that of an uninterrupted one.
func TestResumeIsByteEqual(t *testing.T) {
	const epochs = 4
	for _, name := range []string{"m.jsonl", "m.jsonl.zst"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			createEpochs(t, path, epochs)
			whole := []byte(read(t, path))
			ends := frameEnds(t, whole)
			for _, n := range cuts(len(whole), ends) {
				for keep := 0; keep <= epochs; keep++ {
					if err := os.WriteFile(path, whole[:n], 0o666); err != nil {
						t.Fatal(err)
					}
					w, err := ResumeRecords(path, keep, nil)
					if ends[keep] > n {
						checkFormatError(t, err, path, "holds")
						if string(whole[:n]) != read(t, path) {
							t.Fatal("a file that cannot be resumed was changed")
						}
						continue
					}
					if err != nil {
						t.Fatalf("%d bytes, keep %d: %v", n, keep, err)
					}
					writeEpochs(t, w, keep+1, epochs)
					if err := w.End("ok"); err != nil {
						t.Fatal(err)
					}
					if got := read(t, path); got != string(whole) {
						t.Fatalf("%d bytes, keep %d:\ngot  %q\nwant %q", n, keep, got, whole)
					}
				}
			}
		})
	}
}

// cuts returns lengths at which to cut a file: at each end, beside it and
// halfway to it.
func cuts(size int, ends []int) (at []int) {
	start := 0
	for _, end := range ends {
		at = append(at, (start+end)/2, end-1, end)
		start = end
	}
	return append(at, size)
}

// Where the cut falls within a frame, its first part is packed anew.
func TestResumeWithinAFrame(t *testing.T) {
	for keep := range 7 {
		path := filepath.Join(t.TempDir(), "m.jsonl.zst")
		w, err := CreateRecords(path, testHeader)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			w.Write(record.Surrogate{Round: i})
			if i == 2 {
				w.Flush()
			}
		}
		if err := w.End("interrupted"); err != nil {
			t.Fatal(err)
		}
		if w, err = ResumeRecords(path, keep, nil); err != nil {
			t.Fatal(err)
		}
		onlyFile(t, path+".partial")
		w.Write(record.Surrogate{Round: 100})
		if err := w.End("ok"); err != nil {
			t.Fatal(err)
		}
		s, err := ReadRecords(path)
		if err != nil || len(s) != 1 || !s[0].Complete || s[0].Status != "ok" || len(s[0].Records) != keep+1 {
			t.Fatalf("keep %d: %v, %v", keep, s, err)
		}
		for i, r := range s[0].Records {
			want := i
			if i == keep {
				want = 100
			}
			if v := r.(*record.Surrogate).Round; v != want {
				t.Errorf("keep %d: record %d is %v", keep, i, r)
			}
		}
	}
}

// What follows the cut may be damaged in any way.
func TestResumeIgnoresDamageAfterTheCut(t *testing.T) {
	for _, name := range []string{"m.jsonl", "m.jsonl.zst"} {
		path := filepath.Join(t.TempDir(), name)
		createEpochs(t, path, 2)
		want := read(t, path)
		ends := frameEnds(t, []byte(want))
		if err := os.WriteFile(path, []byte(want[:ends[1]]+"garbage\n\xff\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		w, err := ResumeRecords(path, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		writeEpochs(t, w, 2, 2)
		if err := w.End("ok"); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestResumeRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	if _, err := ResumeRecords(path, 0, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := ResumeRecords("-", 0, nil); err == nil {
		t.Error("standard output was resumed")
	}
	createEpochs(t, path, 1)
	b := read(t, path)
	os.WriteFile(path, []byte(b+b), 0o666)
	_, err := ResumeRecords(path, 2, nil)
	checkFormatError(t, err, path, "line 4: another stream starts")
	os.WriteFile(path, []byte(b[:10]), 0o666)
	_, err = ResumeRecords(path, 0, nil)
	checkFormatError(t, err, path, "holds no whole header")
	os.WriteFile(path, []byte(b), 0o666)
	_, err = ResumeRecords(path, 5, nil)
	checkFormatError(t, err, path, "holds 1 whole record: the run to resume had written 5")
}

func TestConcatenatedStreams(t *testing.T) {
	dir := t.TempDir()
	for _, suffix := range []string{"", ".zst"} {
		a, b := filepath.Join(dir, "a.jsonl"+suffix), filepath.Join(dir, "b.jsonl"+suffix)
		createEpochs(t, a, 2)
		createEpochs(t, b, 1)
		killed := read(t, a)
		killed = killed[:frameEnds(t, []byte(killed))[1]] // header and one epoch
		all := read(t, a) + killed + read(t, b)
		s, err := DecodeRecords(strings.NewReader(all), "x", Limits{})
		if err != nil || len(s) != 3 {
			t.Fatalf("%d streams, %v", len(s), err)
		}
		for i, want := range []Stream{{Complete: true, Records: make([]record.Record, 2)}, {Records: make([]record.Record, 1)}, {Complete: true, Records: make([]record.Record, 1)}} {
			if s[i].Complete != want.Complete || len(s[i].Records) != len(want.Records) || s[i].Header.Tool != "srn-eval" {
				t.Errorf("stream %d: %v", i, s[i])
			}
		}
		// A stream of which not even the header came through is not passed over.
		_, err = DecodeRecords(strings.NewReader(read(t, a)+killed[:20]), "x", Limits{})
		checkFormatError(t, err, "x", "is cut off within a header after the end of stream 1")
	}
}

// The hash is the file's, and that of the frames before a torn one.
func TestHashRecords(t *testing.T) {
	for _, name := range []string{"m.jsonl", "m.jsonl.zst"} {
		path := filepath.Join(t.TempDir(), name)
		createEpochs(t, path, 2)
		whole := read(t, path)
		ends := frameEnds(t, []byte(whole))
		for _, n := range []int{len(whole), ends[1]} {
			if err := os.WriteFile(path, []byte(whole[:n]), 0o666); err != nil {
				t.Fatal(err)
			}
			want, err := HashFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, got, err := HashRecords(path); err != nil || got != want {
				t.Errorf("%s: %d bytes: %s, %v, want %s", name, n, got, err, want)
			}
			if isZstd([]byte(whole)) && n == ends[1] {
				os.WriteFile(path, []byte(whole[:n+9]), 0o666)
				if s, got, err := HashRecords(path); err != nil || got != want || len(s[0].Records) != 1 {
					t.Errorf("torn: %s, %v, want %s", got, err, want)
				}
			}
		}
	}
}

func TestMalformedRecords(t *testing.T) {
	const header = `{"type":"header","tool":"x","version":"1","schema":2,"seed":0,"config":{},"inputs":[]}` + "\n"
	tests := []struct {
		name, file, want string
	}{
		{"empty", "", "holds no whole record"},
		{"blank", "\n \n", "holds no whole record"},
		{"tensors", string(safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 7)) + "\n", "line 1: is the header of tensors"},
		{"not JSON", "hello\n", "line 1: byte 0: invalid character 'h' at start of value"},
		{"no header", `{"type":"epoch"}` + "\n", `line 1: type is "epoch": the first record must be a header; keep the header`},
		{"no type", header + `{"a":1}` + "\n", `line 2: has no "type"`},
		{"duplicate key", header + `{"type":"x","a":1,"a":2}` + "\n", `line 2: byte 18: duplicate key "a"`},
		{"NaN", header + `{"type":"x","a":NaN}` + "\n", "line 2: byte 16: invalid character 'N' at start of value"},
		{"out of range", header + `{"type":"cell","checkpoint":"a",` + ofFields + `"i":0,"x":1e999,"loss":1,"top1":1}` + "\n", `field "x" of "cell" is 1e999: want a number`},
		{"two values", header + `{"type":"x"}{"type":"x"}` + "\n", "line 2: byte 12: something follows the object"},
		{"bad UTF-8", header + "{\"type\":\"x\xff\"}\n", "line 2: byte 10: invalid UTF-8"},
		{"torn line within", header + `{"type":"ep` + "\n" + `{"type":"x"}` + "\n", "line 2: byte 11: unexpected EOF"},
		{"after the end", header + `{"type":"end","status":"ok"}` + "\n" + `{"type":"x"}` + "\n", `line 3: a record of type "x" follows the end`},
		{"deep", header + `{"type":"x","a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}\n", "nested deeper than 32"},
		{"seed is no integer", strings.Replace(header, `"seed":0`, `"seed":1.5`, 1), `line 1: field "seed" of "header" is 1.5: want a whole number`},
		{"tool is no string", strings.Replace(header, `"tool":"x"`, `"tool":1`, 1), `line 1: field "tool" of "header" is a number: want a text`},
		{"inputs are no list", strings.Replace(header, `"inputs":[]`, `"inputs":{}`, 1), `line 1: field "inputs" of "header" is an object: want a list of objects`},
		{"hash is no string", strings.Replace(header, `"inputs":[]`, `"inputs":[{"sha256":1}]`, 1), `field "inputs" of "header" is`},
		{"an earlier layout", strings.Replace(header, `"schema":2`, `"schema":1`, 1), "line 1: header: its records have layout 1, this command reads layout 2; convert them"},
		{"a later layout", strings.Replace(header, `"schema":2`, `"schema":3`, 1), "this command reads layout 2; use the version that wrote them, 1"},
		{"a field of another kind", header + `{"type":"cell","checkpoint":"a",` + ofFields + `"i":0,"x":1,"loss":1,"top1":2}` + "\n", `line 2: field "top1" of "cell" is 2: want a number from 0 to 1; use the file as x wrote it`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := DecodeRecords(strings.NewReader(test.file), "x", Limits{})
			checkFormatError(t, err, "x", test.want)
			if test.file != "" {
				_, err = DecodeRecords(bytes.NewReader(packFrame([]byte(test.file))), "x", Limits{})
				checkFormatError(t, err, "x", test.want)
			}
		})
	}
}

func TestRecordLimits(t *testing.T) {
	header := `{"type":"header","tool":"x","version":"1","schema":2,"seed":0,"config":{},"inputs":[]}` + "\n"
	long := header + fmt.Sprintf(`{"type":"x","a":%q}`, strings.Repeat("a", 4000)) + "\n"
	many := header + strings.Repeat(`{"type":"x"}`+"\n", 1000)
	for _, test := range []struct {
		file, want string
		lim        Limits
	}{
		{long, "line 2: is longer than 1000 bytes, the limit", Limits{Line: 1000}},
		{long[:3000], "line 2: is longer than 1000 bytes, the limit", Limits{Line: 1000}},
		{many, "the limit", Limits{Total: 5000}},
	} {
		_, err := DecodeRecords(strings.NewReader(test.file), "x", test.lim)
		checkFormatError(t, err, "x", test.want)
		_, err = DecodeRecords(bytes.NewReader(packFrame([]byte(test.file))), "x", test.lim)
		checkFormatError(t, err, "x", test.want[strings.Index(test.want, "limit"):])
	}
	// 300 MB of spaces take a few kB.
	bomb := append(packFrame([]byte(header)), packFrame(bytes.Repeat([]byte(" "), 300<<20))...)
	_, err := DecodeRecords(bytes.NewReader(bomb), "x", Limits{})
	checkFormatError(t, err, "x", "more than the limit for records, 268435456 uncompressed bytes in all")
}

func TestDamagedFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl.zst")
	createEpochs(t, path, 3)
	whole := []byte(read(t, path))
	ends := frameEnds(t, whole)
	flipped := bytes.Clone(whole)
	flipped[ends[1]-1] ^= 1 // in the checksum of the first epoch
	_, err := DecodeRecords(bytes.NewReader(flipped), "x", Limits{})
	checkFormatError(t, err, "x", fmt.Sprintf("zstd frame at byte %d: is damaged", ends[0]))
	_, err = DecodeRecords(bytes.NewReader(append(bytes.Clone(whole), "garbage"...)), "x", Limits{})
	checkFormatError(t, err, "x", fmt.Sprintf("zstd frame at byte %d: is damaged: it does not start as a frame", len(whole)))

	// A skippable frame, as some compressors add, holds nothing.
	skip := []byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}
	s, err := DecodeRecords(bytes.NewReader(append(skip, whole...)), "x", Limits{})
	if err != nil || len(s) != 1 || !s[0].Complete {
		t.Errorf("%v, %v", s, err)
	}
}

func TestRecordsReadErrors(t *testing.T) {
	for _, start := range []string{"", `{"type":"header","tool":"x","version":"1","schema":2,"seed":0,"config":{},"inputs":[]}` + "\n", string(packFrame([]byte(`{"type":"header","tool":"x","version":"1","schema":2,"seed":0,"config":{},"inputs":[]}`)))} {
		_, err := DecodeRecords(io.MultiReader(strings.NewReader(start), failingReader{}), "x", Limits{})
		var f *FormatError
		if !errors.Is(err, errDisk) || errors.As(err, &f) {
			t.Errorf("got %v, want %v", err, errDisk)
		}
	}
}
