package artifact

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	X int `json:"x"`
	Y float64
}

type embedded struct{ E string }

type everything struct {
	embedded
	*inner
	Bool    bool           `json:"bool"`
	F32     float32        `json:"f32"`
	F64     []float64      `json:"f64"`
	Int     int64          `json:"int,omitempty"`
	Uint    uint8          `json:"uint,omitzero"`
	Ptr     *int           `json:"ptr"`
	Map     map[string]any `json:"map"`
	Raw     json.RawMessage
	Blob    []byte
	Time    time.Time
	Array   [2]int
	Nested  []inner `json:"nested,omitempty"`
	Text    string
	Skipped int `json:"-"`
	private int
}

// For finite values the encoder agrees with encoding/json.
func TestEncodeJSONAgrees(t *testing.T) {
	seven := 7
	for _, v := range []any{
		nil, true, 1, -1.5, float32(0.1), 1e21, 1e-7, math.MaxUint64 * 1.0, uint64(math.MaxUint64), "a\"\n\u2028ö\xff",
		everything{},
		everything{
			inner: &inner{1, 2}, F32: 0.3, F64: []float64{1, 1e300, 5e-324}, Int: 3, Uint: 4, Ptr: &seven,
			Map: map[string]any{"b": []any{1, "x", nil}, "a": map[string]int{"z": 1, "y": 2}},
			Raw: json.RawMessage(`{"k":[1]}`), Blob: []byte("blob"), Time: time.Unix(0, 0).UTC(),
			Nested: []inner{{1, 2}, {3, 4}}, Text: "text", Skipped: 1, private: 2,
		},
		[]any{}, map[string]string{},
	} {
		got, err := EncodeJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		if string(got)+"\n" != want.String() {
			t.Errorf("got  %s\nwant %s", got, want.Bytes())
		}
	}
}

func TestEncodeJSONDiffers(t *testing.T) {
	got, err := EncodeJSON(Fields{
		{"z", math.NaN()}, {"a", float32(math.Inf(1))}, {"f", Fields{{"q", math.Inf(-1)}, {"b", 1}}}, {"e", Fields{}},
		{"l", []any{math.NaN(), []float32{1}}}, {"s", inner{1, math.NaN()}},
	})
	want := `{"z":null,"a":null,"f":{"q":null,"b":1},"e":{},"l":[null,[1]],"s":{"x":1,"Y":null}}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
	for _, v := range []any{Fields{{"a", 1}, {"a", 2}}, map[int]int{1: 1}, make(chan int)} {
		if got, err := EncodeJSON(v); err == nil {
			t.Errorf("%v became %s", v, got)
		}
	}
}

// What the scanner accepts, encoding/json reads alike.
func TestScannerAgrees(t *testing.T) {
	for _, text := range []string{
		`null`, ` true `, `false`, `0`, `-0.5e+3`, `1E5`, `""`, `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ö"`,
		`[]`, `[ 1 , [ ] , {} ]`, `{"a":{"b":[null]},"c":"d"}`,
	} {
		got, err := decodeJSON(text)
		var want any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		``, ` `, `nul`, `+1`, `.5`, `1.`, `1e`, `-`, `0x1`, `"`, `"\`, `"\u12`, `"\u12g4"`, `"\x"`, `"\udc00"`, `"\ud800\u0041"`,
		`[`, `[1`, `[1,`, `[,1]`, `[1 2]`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `1 2`, "\"\xff\"",
		`{"a":1,"a":1}`, `Infinity`,
		`{` + strings.Repeat(`"k":{},`, 1) + keys(40) + `,"k7":1}`,
	} {
		if got, err := decodeJSON(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if _, err := decodeJSON("{" + keys(40) + "}"); err != nil {
		t.Error(err)
	}
}

// keys returns n members with different keys.
func keys(n int) string {
	var s []string
	for i := range n {
		s = append(s, quote("k"+strings.Repeat("x", i/10)+string(rune('0'+i%10)))+":1")
	}
	return strings.Join(s, ",")
}
