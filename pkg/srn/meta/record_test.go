package meta

import (
	"reflect"
	"strings"
	"testing"

	"srn/pkg/dataset"
	"srn/pkg/record"
)

// Every setting of the configuration is recorded: one that is changed changes
// its record.
func TestEverySettingIsRecorded(t *testing.T) {
	base := Default()
	written := func(c Config) string {
		b, err := record.Marshal(c.Record(record.Network{Arch: "resnet8", Classes: 10}, &dataset.Data{}, "f32", ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := written(base)
	n := 0
	var walk func(path string, index []int, typ reflect.Type)
	walk = func(path string, index []int, typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			at := append(append([]int{}, index...), i)
			if f.Anonymous {
				walk(path, at, f.Type)
				continue
			}
			c := base
			v := reflect.ValueOf(&c).Elem().FieldByIndex(at)
			switch v.Kind() {
			case reflect.String:
				v.SetString("another")
			case reflect.Int, reflect.Int64:
				v.SetInt(v.Int() + 7)
			case reflect.Float64:
				v.SetFloat(v.Float() + 0.0625)
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.Slice:
				v.Set(reflect.ValueOf([]int{48}))
			}
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" && written(c) == want {
				t.Errorf("%s is not recorded", f.Name)
			}
			n++
		}
	}
	walk("", nil, reflect.TypeFor[Config]())
	if n < 30 {
		t.Errorf("%d settings looked at", n)
	}
}
