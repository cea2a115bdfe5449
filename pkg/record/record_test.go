package record

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

// filled is a record of the type with every field set to a value that its tags
// allow.
func filled(k Kind) Record {
	rec := k.New()
	fill(reflect.ValueOf(rec).Elem(), Field{})
	for _, f := range k.Fields() {
		v, _ := f.Value(rec)
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if f.Enum != nil {
			v.SetString(f.Enum[len(f.Enum)-1])
		}
		if f.Range.Bounded {
			bounded(v, f.Range)
		}
	}
	if h, ok := rec.(*Header); ok {
		h.Schema, h.Config = Schema, map[string]any{"split": "test"}
	}
	return rec
}

func bounded(v reflect.Value, r Range) {
	x := max(r.Min, min(r.Max, 2))
	if r.Max == 1 {
		x = 0.625
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(math.Ceil(x)))
	case reflect.Float64, reflect.Float32:
		v.SetFloat(x)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			bounded(v.Index(i), r)
		}
	}
}

func fill(v reflect.Value, f Field) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), f)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), f)
		}
	case reflect.String:
		v.SetString("häßlich \"\\\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint64:
		v.SetUint(math.MaxUint64)
	case reflect.Float64, reflect.Float32:
		v.SetFloat(0.1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), f)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), f)
		}
	case reflect.Map:
		switch m := v.Addr().Interface().(type) {
		case *map[string]any:
			*m = map[string]any{"sam.rho": 0.1, "a.b": "c"}
		case *map[string]float64:
			*m = map[string]float64{"r-drop.divergence": 0.25}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, k := range Kinds() {
		want := filled(k)
		line, err := Encode(want)
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		var d Decoder
		got, err := d.Decode(line)
		if err != nil {
			t.Errorf("%s: %v\n%s", k.Name, err, line)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v\nwrote %+v\n%s", k.Name, got, want, line)
		}
	}
}

// A key says one thing: no record has it twice, and wherever it is a number it
// has one unit.
func TestKeys(t *testing.T) {
	units := map[string]string{}
	for _, k := range Kinds() {
		seen := map[string]bool{"type": true}
		for _, f := range k.Fields() {
			if f.Fallback() {
				continue
			}
			if seen[f.Key] {
				t.Errorf("%s has the key %q twice", k.Name, f.Key)
			}
			seen[f.Key] = true
			if f.Key == "" || strings.ToLower(f.Key) != f.Key {
				t.Errorf("%s: key %q of %s.%s", k.Name, f.Key, f.Struct, f.Name)
			}
			if u, ok := units[f.Key]; ok && u != f.Unit && f.Key != "loss" {
				t.Errorf("%s: %q has the unit %q, elsewhere %q", k.Name, f.Key, f.Unit, u)
			}
			units[f.Key] = f.Unit
		}
	}
	for _, f := range FieldsOf(Fit{}) {
		switch f.Compare {
		case OfMethod, OfProtocol, OfFootnote, OfFree:
		default:
			t.Errorf("setting %q does not say what a difference in it means", f.Key)
		}
	}
}

func TestReferenceIsCurrent(t *testing.T) {
	const path = "../../docs/records.md"
	want := Reference()
	if os.Getenv("SRN_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the structs say: run make docs", path)
	}
}

func TestSchemaIsJSON(t *testing.T) {
	for _, k := range append([][]Kind{nil}, [][]Kind{{kinds[2]}}...) {
		b, err := JSONSchema(k...)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	k, _ := Find("epoch")
	good, err := Encode(filled(k))
	if err != nil {
		t.Fatal(err)
	}
	with := func(old, new string) string {
		s := strings.Replace(string(good), old, new, 1)
		if s == string(good) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return s
	}
	for _, c := range []struct{ line, want string }{
		{with(`"epoch":2`, `"epoch":"2"`), `field "epoch" of "epoch" is a text: want a whole number of at least 0`},
		{with(`"epoch":2`, `"epoch":2.5`), `field "epoch" of "epoch" is 2.5: want a whole number of at least 0`},
		{with(`"epoch":2`, `"epoch":-1`), `field "epoch" of "epoch" is -1: want a whole number of at least 0`},
		{with(`"epoch":2`, `"epoch":null`), `field "epoch" of "epoch" is null: want a whole number of at least 0`},
		{with(`"epoch":2,`, ``), `field "epoch" of "epoch" is missing`},
		{with(`"train_top1":0.625`, `"train_top1":1.5`), `field "train_top1" of "epoch" is 1.5: want a number from 0 to 1`},
		{with(`"train_split":"meta_train"`, `"train_split":"all"`), `want one of train, meta_train`},
		{with(`"epoch":2`, `"epoch":2,"epoch":3`), `duplicate key "epoch"`},
		{with(`"sam.rho":0.1`, `"sam.rho":[1]`), `field "parameters" of "epoch" has "sam.rho" of []interface {}: want a number or a text`},
		{with(`"r-drop.divergence":0.25`, `"r-drop.divergence":"x"`), `want a number`},
		{string(good) + " {}", "something follows the object"},
		{string(good[:len(good)-1]), "byte"},
		{with("häßlich", "h\xffßlich"), "invalid UTF-8"},
		{`[1]`, "is a list: want a JSON object"},
		{`{"epoch":1}`, `has no "type"`},
		{`{"type":"a","b":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "nested deeper than 32"},
		{`{"type":"header","schema":1,"version":"x"}`, "layout 1"},
		{`{"type":"header","schema":3,"version":"x"}`, "layout 3"},
	} {
		var d Decoder
		if _, err := d.Decode([]byte(c.line)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.line, err, c.want)
		}
	}
	d := Decoder{Values: 5}
	if _, err := d.Decode(good); err == nil || !strings.Contains(err.Error(), "more values than the limit") {
		t.Errorf("with a limit of 5 values: %v", err)
	}
}

func TestNotFinite(t *testing.T) {
	line, err := Encode(Cell{Subject: Subject{Checkpoint: "a", Examined: Examined{Split: "test"}}, Loss: math.Inf(1), X: math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(line, []byte(`"loss":null`)) {
		t.Errorf("%s", line)
	}
	var d Decoder
	rec, err := d.Decode(line)
	if err != nil {
		t.Fatal(err)
	}
	if c := rec.(*Cell); !math.IsNaN(c.Loss) || !math.IsNaN(c.X) || c.Y != nil {
		t.Errorf("%+v", c)
	}
}
