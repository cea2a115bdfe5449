package record

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// checked is a record with rules beyond those of single fields.
type checked interface{ check() *FieldError }

// validate holds a record to its fields' tags and to its own rules.
func (k Kind) validate(rec any) error {
	for _, f := range k.Fields() {
		v, ok := f.Value(rec)
		if !ok {
			continue
		}
		if problem := f.problem(v); problem != "" {
			return &FieldError{k.Name, f.Key, problem}
		}
	}
	if c, ok := rec.(checked); ok {
		if err := c.check(); err != nil {
			err.Kind = k.Name
			return err
		}
	}
	return nil
}

// problem says what is wrong with a field's value, "" if nothing is.
func (f Field) problem(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		if f.Enum != nil && !(f.Optional && v.String() == "") && !slices.Contains(f.Enum, v.String()) {
			return fmt.Sprintf("is %s: want %s", quoted(v.String()), f.Wants())
		}
	case reflect.Int, reflect.Int64:
		if !f.Range.Holds(float64(v.Int())) {
			return fmt.Sprintf("is %d: want %s", v.Int(), f.Wants())
		}
	case reflect.Float64, reflect.Float32:
		if !f.Range.Holds(v.Float()) {
			return fmt.Sprintf("is %g: want %s", v.Float(), f.Wants())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			switch v.Index(i).Kind() {
			case reflect.Float64, reflect.Float32, reflect.Int, reflect.Int64, reflect.Slice:
				if problem := f.problem(v.Index(i)); problem != "" {
					return problem
				}
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			switch x := it.Value().Interface().(type) {
			case float64, string:
			default:
				return fmt.Sprintf("has %s of %T: want a number or a text", quoted(it.Key().String()), x)
			}
		}
	}
	return ""
}

func quoted(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return strconv.Quote(s)
}
