package artifact

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Field is a key of a record with its value.
type Field struct {
	Key   string
	Value any
}

// Fields is a JSON object whose keys are written in their order.
type Fields []Field

// EncodeJSON writes v on one line, as encoding/json does, with these
// differences: NaN and infinities become null, [Fields] become an object,
// keys that occur twice are an error, and <, > and & stay as they are.
// Structs keep the order of their fields, maps are sorted by key, so equal
// values give equal bytes.
func EncodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	err := encodeValue(&b, reflect.ValueOf(v))
	return b.Bytes(), err
}

var (
	fieldsType        = reflect.TypeFor[Fields]()
	jsonMarshalerType = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

func encodeValue(b *bytes.Buffer, v reflect.Value) error {
	if !v.IsValid() {
		b.WriteString("null")
		return nil
	}
	t := v.Type()
	if t == fieldsType {
		fields := v.Interface().(Fields)
		values := make([]member, len(fields))
		for i, f := range fields {
			values[i] = member{f.Key, reflect.ValueOf(f.Value)}
		}
		return encodeObject(b, values)
	}
	if t.Implements(jsonMarshalerType) || t.Implements(textMarshalerType) {
		return encodeOther(b, v)
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer:
		return encodeValue(b, v.Elem()) // the zero Value of nil gives null
	case reflect.Float32, reflect.Float64:
		if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			b.WriteString("null")
			return nil
		}
	case reflect.Slice, reflect.Array:
		switch {
		case t.Kind() == reflect.Slice && v.IsNil():
			b.WriteString("null")
			return nil
		case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
			return encodeOther(b, v) // base64
		}
		b.WriteByte('[')
		for i := range v.Len() {
			comma(b, i)
			if err := encodeValue(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case reflect.Map:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("cannot write %s as JSON: keys must be strings", t)
		}
		var members []member
		for it := v.MapRange(); it.Next(); {
			members = append(members, member{it.Key().String(), it.Value()})
		}
		slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.key, b.key) })
		return encodeObject(b, members)
	case reflect.Struct:
		return encodeObject(b, structMembers(nil, v))
	}
	return encodeOther(b, v)
}

// member is a key of an object with its value.
type member struct {
	key   string
	value reflect.Value
}

// structMembers appends the fields of a struct by the rules of the json tags;
// embedded structs without a tag are flattened.
func structMembers(to []member, v reflect.Value) []member {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		value := v.Field(i)
		if f.Anonymous && name == "" {
			if value.Kind() == reflect.Pointer {
				value = value.Elem()
			}
			if value.Kind() == reflect.Struct {
				to = structMembers(to, value)
				continue
			}
		}
		if !f.IsExported() || tag == "-" || !value.IsValid() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		skip := false
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty":
				skip = skip || isEmpty(value)
			case "omitzero":
				skip = skip || value.IsZero()
			}
		}
		if !skip {
			to = append(to, member{name, value})
		}
	}
	return to
}

// isEmpty is the meaning of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func encodeObject(b *bytes.Buffer, members []member) error {
	seen := make(map[string]bool, len(members))
	b.WriteByte('{')
	for i, m := range members {
		if seen[m.key] {
			return fmt.Errorf("cannot write a JSON object with two keys %q", m.key)
		}
		seen[m.key] = true
		comma(b, i)
		b.WriteString(quote(m.key))
		b.WriteByte(':')
		if err := encodeValue(b, m.value); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// encodeOther leaves v to encoding/json.
func encodeOther(b *bytes.Buffer, v reflect.Value) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v.Interface()); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline
	return nil
}

// quote writes s as a JSON string.
func quote(s string) string {
	var b bytes.Buffer
	encodeOther(&b, reflect.ValueOf(s)) // a string cannot fail
	return b.String()
}
