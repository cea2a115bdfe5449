package record

import (
	"bytes"
	"math"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object whose keys keep their order.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.key)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, m.value, options); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// JSONSchema is the JSON Schema (draft 2020-12) of the given types, or of all
// of them: of one type that of its records, of several that of any line.
func JSONSchema(of ...Kind) ([]byte, error) {
	if len(of) == 0 {
		of = kinds
	}
	all := object{{"$schema", "https://json-schema.org/draft/2020-12/schema"}}
	if len(of) == 1 {
		all = append(all, of[0].schema()...)
	} else {
		var any []object
		for _, k := range of {
			any = append(any, k.schema())
		}
		all = append(all, member{"title", "a line of a record file"}, member{"oneOf", any})
	}
	var b bytes.Buffer
	err := json.MarshalWrite(&b, all, options, jsontext.WithIndent("  "))
	b.WriteByte('\n')
	return b.Bytes(), err
}

func (k Kind) schema() object {
	properties := object{{"type", object{{"const", k.Name}}}}
	required := []string{"type"}
	more := any(true)
	for _, f := range k.Fields() {
		if f.fallback {
			more = object{{"description", f.About()}}
			continue
		}
		properties = append(properties, member{f.Key, f.schema()})
		if !f.Optional {
			required = append(required, f.Key)
		}
	}
	return object{
		{"title", k.Name}, {"description", k.sentence()}, {"type", "object"},
		{"properties", properties}, {"required", required}, {"additionalProperties", more},
	}
}

func (f Field) schema() object {
	var o object
	if text := f.About(); text != "" {
		o = append(o, member{"description", text})
	}
	if f.Unit != "" {
		o = append(o, member{"unit", f.Unit})
	}
	return append(o, f.typeSchema(f.Go)...)
}

func (f Field) typeSchema(t reflect.Type) object {
	var o object
	switch t.Kind() {
	case reflect.Pointer:
		return f.typeSchema(t.Elem())
	case reflect.String:
		o = object{{"type", "string"}}
		if f.Enum != nil {
			values := f.Enum
			if f.Optional {
				values = append([]string{""}, values...)
			}
			o = append(o, member{"enum", values})
		}
		return o
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		o = object{{"type", "integer"}}
	case reflect.Float64, reflect.Float32:
		o = object{{"type", []string{"number", "null"}}}
	case reflect.Slice:
		return object{{"type", []string{"array", "null"}}, {"items", f.typeSchema(t.Elem())}}
	case reflect.Array:
		return object{{"type", "array"}, {"items", f.typeSchema(t.Elem())}, {"minItems", t.Len()}, {"maxItems", t.Len()}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", object{{"type", []string{"number", "string", "null"}}}}}
	case reflect.Struct:
		properties, required := object{}, []string{}
		for _, g := range fieldsOf(t) {
			properties = append(properties, member{g.Key, g.schema()})
			if !g.Optional {
				required = append(required, g.Key)
			}
		}
		return object{{"type", "object"}, {"properties", properties}, {"required", required}}
	default:
		return object{}
	}
	if f.Range.Bounded && !math.IsInf(f.Range.Min, -1) {
		o = append(o, member{"minimum", f.Range.Min})
	}
	if f.Range.Bounded && !math.IsInf(f.Range.Max, 1) {
		o = append(o, member{"maximum", f.Range.Max})
	}
	return o
}
