package pickle_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"srn/pkg/artifact/boundtest"
	"srn/pkg/pickle"
)

// pickles are the members of an archive made by testdata/make_pickles.py.
func pickles(t testing.TB, path string) map[string][]byte {
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

func read(in []byte, o pickle.Options) (any, error) {
	o.Size = int64(len(in))
	return pickle.Read(bufio.NewReader(bytes.NewReader(in)), o)
}

// Every protocol gives the values that Python wrote.
func TestProtocols(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	want := map[string]any{
		"none":     nil,
		"booleans": &pickle.List{Items: []any{true, false}},
		"integers": &pickle.List{Items: []any{int64(0), int64(255), int64(256), int64(65536), int64(-1), int64(math.MinInt32), int64(1 << 40), int64(math.MinInt64)}},
		"floats":   pickle.Tuple{0.5, -1e300, 3.0},
		"text":     "Grüße, 世界 \U0001f600\n\\",
		"bytes":    all,
		"long":     strings.Repeat("x", 300),
	}
	files := pickles(t, "testdata/plain.zip")
	if len(files) != 6 {
		t.Fatalf("%d files", len(files))
	}
	for name, in := range files {
		v, err := read(in, pickle.Options{Opaque: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, ok := v.(*pickle.Dict)
		if !ok || len(d.Items) != 15 {
			t.Errorf("%s: %T", name, v)
			continue
		}
		for key, want := range want {
			if got, ok := d.Get(key); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %#v, want %#v", name, key, got, want)
			}
		}
		ordered, _ := d.Get("ordered")
		again, _ := d.Get("again")
		if o, ok := pickle.DictOf(ordered); !ok || ordered != again || len(o.Items) != 2 || o.Items[1].Key != "b" {
			t.Errorf("%s: ordered is %#v, and again %#v", name, ordered, again)
		}
		if many, _ := d.Get("many"); func() bool { v, ok := pickle.Ints(many); return !ok || len(v) != 2000 || v[1999] != 1999 }() {
			t.Errorf("%s: many is %T", name, many)
		}
		if big, _ := d.Get("big"); reflect.TypeOf(big) != reflect.TypeFor[pickle.Big]() {
			t.Errorf("%s: big is %T", name, big)
		}
	}
}

// What is not plain data is refused, or is an object of which only the name,
// the items and the state are known; nothing is called.
func TestObjects(t *testing.T) {
	for _, in := range []string{
		"cos\nsystem\n(S'true'\ntR.", "(S'true'\nios\nsystem\n.", "\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
		"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "\x80\x02cos\nsystem\n)\x81.", "(cos\nsystem\nS'true'\no.",
		"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.",
	} {
		_, err := read([]byte(in), pickle.Options{})
		var refused *pickle.Refusal
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), `"system" of "os"`) {
			t.Errorf("%q: %v", in, err)
		}
		v, err := read([]byte(in), pickle.Options{Opaque: true})
		if o, ok := v.(*pickle.Object); err != nil || !ok || o.Class.String() != "os.system" {
			t.Errorf("%q: %#v, %v", in, v, err)
		}
	}
	v, err := read([]byte("\x80\x02cargparse\nNamespace\n)\x81}U\x02lrG?\xe0\x00\x00\x00\x00\x00\x00sb."), pickle.Options{Opaque: true})
	o, ok := v.(*pickle.Object)
	if err != nil || !ok {
		t.Fatalf("%#v, %v", v, err)
	}
	if d, ok := o.State.(*pickle.Dict); !ok || d.Items[0].Value != 0.5 {
		t.Errorf("state %#v", o.State)
	}
}

func TestPersistent(t *testing.T) {
	for _, in := range []string{"Pone\n.", "\x80\x02X\x03\x00\x00\x00oneQ."} {
		if _, err := read([]byte(in), pickle.Options{}); err == nil {
			t.Errorf("%q is read without a resolver", in)
		}
		v, err := read([]byte(in), pickle.Options{Persistent: func(id any) (any, error) { return []any{id}, nil }})
		if err != nil || !reflect.DeepEqual(v, []any{"one"}) {
			t.Errorf("%q: %v, %v", in, v, err)
		}
	}
}

// The reader is left after the end, where another pickle may begin.
func TestSeveral(t *testing.T) {
	r := bufio.NewReader(strings.NewReader("K\x01.K\x02.rest"))
	for _, want := range []int64{1, 2} {
		if v, err := pickle.Read(r, pickle.Options{Size: 10}); err != nil || v != want {
			t.Errorf("%v, %v", v, err)
		}
	}
	if rest, _ := io.ReadAll(r); string(rest) != "rest" {
		t.Errorf("%q is left", rest)
	}
}

func TestRefusals(t *testing.T) {
	for in, want := range map[string]string{
		"\x80\x06N.":                   "protocol 6",
		"\x82\x01.":                    "opcode 0x82",
		"NN.":                          "2 values",
		"t.":                           "lacks a mark",
		"a.":                           "takes values",
		"NNa.":                         "no list",
		"NNNs.":                        "no dictionary",
		"h\x05.":                       "value 5",
		"q\x05.":                       "keeps a value",
		"I12x\n.":                      `"12x"`,
		"Lx\n.":                        `"x"`,
		"F1..2\n.":                     `"1..2"`,
		"Sabc\n.":                      "quotes",
		"S'\\q'\n.":                    "escape",
		"V\\u12\n.":                    "escape",
		"gx\n.":                        "memo",
		"}U\x01aNU\x01aNs.":            "", // ends with values
		"}(U\x01aNU\x01aNu.":           `"a" twice`,
		"c" + strings.Repeat("x", 300): "", // cut
		"c_codecs\nencode\n(V\\u4e16\nVlatin1\ntR.": "beyond 255",
		"c_codecs\nencode\n(Vx\nVutf8\ntR.":         "Latin-1",
		"ccollections\nOrderedDict\n((I1\nltR.":     "no pairs",
		"c_codecs\nencode\n(V" + strings.Repeat("x", 1<<16) + "\np0\nVlatin1\np1\nt(" + strings.Repeat("c_codecs\nencode\n(g0\ng1\ntR", 9) + "t.": "copies more",
		strings.Repeat("N", pickle.MaxOps+1): "opcodes",
	} {
		_, err := read([]byte(in), pickle.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		}
	}
}

// A pickle is a value or an error, whatever it refers to and however deep, and
// memory stays within 100 bytes for a byte of it.
func FuzzPickle(f *testing.F) {
	for _, in := range pickles(f, "testdata/plain.zip") {
		f.Add(in)
	}
	for _, in := range cyclic {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, opaque := range []bool{false, true} {
			boundtest.Allocates(t, uint64(2<<20+100*len(in)), func() {
				v, err := read(in, pickle.Options{Opaque: opaque})
				var refusal *pickle.Refusal
				if err != nil && !errors.As(err, &refusal) && err != io.EOF && err != io.ErrUnexpectedEOF {
					t.Fatalf("%v is a %T", err, err)
				}
				if d, ok := pickle.DictOf(v); ok {
					for _, item := range d.Items {
						pickle.Ints(item.Value)
						pickle.Strings(item.Value)
					}
				}
			})
		}
	})
}

// cyclic are pickles of values that hold themselves.
var cyclic = []string{
	"\x80\x02}q\x01U\x01ah\x01s.",
	"\x80\x02]q\x01h\x01a.",
	"\x80\x02cargparse\nNamespace\n)\x81q\x01h\x01b.",
}

func TestCyclic(t *testing.T) {
	for _, in := range cyclic {
		if v, err := read([]byte(in), pickle.Options{Opaque: true}); err != nil || v == nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// Few bytes of a pickle do not ask for much memory.
func TestBounds(t *testing.T) {
	for name, in := range map[string]string{
		"marks":    strings.Repeat("(", 1<<20),
		"memo":     "N" + strings.Repeat("\x94", 1<<20),
		"lists":    strings.Repeat("]\x94", 1<<19),
		"dicts":    strings.Repeat("}", 1<<20),
		"doubles":  "N" + strings.Repeat("2", 1<<20),
		"sparse":   "N" + strings.Repeat("r\x00\x00\x00\x7f", 1<<17),
		"encoded":  "V" + strings.Repeat("x", 1<<19) + "\np0\n0Vlatin1\np1\n0" + strings.Repeat("c_codecs\nencode\n(g0\ng1\ntR", 1<<14),
		"tuples":   strings.Repeat("NNN\x87", 1<<18),
		"strings":  strings.Repeat("U\x01a", 1<<18),
		"claims":   "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
		"big line": "L" + strings.Repeat("1", 1<<20) + "\n.",
	} {
		t.Run(name, func(t *testing.T) {
			boundtest.Allocates(t, uint64(2<<20+100*len(in)), func() { read([]byte(in), pickle.Options{Opaque: true}) })
		})
	}
}
