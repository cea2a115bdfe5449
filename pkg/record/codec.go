package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// options make JSON of numbers that are not finite, and numbers of null.
var options = json.JoinOptions(
	json.Deterministic(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(e *jsontext.Encoder, v float64) error {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return e.WriteToken(jsontext.Null)
			}
			return e.WriteToken(jsontext.Float(v))
		}),
	)),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *float64) error {
			if d.PeekKind() != 'n' {
				return errors.ErrUnsupported // as usual
			}
			*v = math.NaN()
			return d.SkipValue()
		}),
	)),
)

// Marshal writes a value as JSON on one line: numbers in the shortest form
// that reads back as the same, those that are not finite as null, maps by key.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, options) }

// Unmarshal reads what Marshal wrote into a pointer. Duplicate keys, invalid
// UTF-8 and anything after the value are errors, and so are keys that v does
// not have.
func Unmarshal(b []byte, v any) error {
	return json.Unmarshal(b, v, options, json.RejectUnknownMembers(true))
}

// UnmarshalSome is Unmarshal for those keys alone that v has.
func UnmarshalSome(b []byte, v any) error { return json.Unmarshal(b, v, options) }

// Encode writes a record as a line of JSON without its newline. A record that
// could not be read back is an error.
func Encode(r Record) ([]byte, error) {
	body, err := Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("record %q: %w", r.Type(), err)
	}
	line := []byte(`{"type":` + strconv.Quote(r.Type()))
	if !bytes.Equal(body, []byte("{}")) {
		line = append(line, ',')
		line = append(line, body[1:]...)
	} else {
		line = append(line, '}')
	}
	if k, ok := Find(r.Type()); ok {
		if err := k.validate(r); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// FieldError says what is wrong with a field of a record.
type FieldError struct {
	Kind, Field string // "" where the record as a whole is meant
	Problem     string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return fmt.Sprintf("field %q of %q %s", e.Field, e.Kind, e.Problem)
}

// maxDepth is how deep arrays and objects of a record may nest, and maxKeys how
// many keys an object may have.
const (
	maxDepth = 32
	maxKeys  = 10_000
)

// line is what a record's text says before it is read into a struct.
type line struct {
	kind   string                   // its type
	values map[string]jsontext.Kind // of its keys
	count  int64                    // of JSON values in it
}

// survey checks that b is one JSON object with a type, at most so many values
// and so deep, without reading it into memory.
func survey(b []byte, most int64) (line, error) {
	l := line{values: map[string]jsontext.Kind{}}
	if len(b) > 8 && b[8] == '{' && binary.LittleEndian.Uint64(b) < 100_000_000 {
		return l, errors.New("is the header of tensors, as a safetensors file has")
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	if k := d.PeekKind(); k != '{' {
		if k == 0 { // what is wrong with it?
			if _, err := d.ReadToken(); err != nil {
				return l, syntax(err)
			}
		}
		return l, fmt.Errorf("is %s: want a JSON object", named(k))
	}
	key := ""
	for {
		t, err := d.ReadToken()
		if err != nil {
			return l, syntax(err)
		}
		depth := d.StackDepth()
		kind, n := d.StackIndex(depth)
		isKey := kind == '{' && n%2 == 1 && t.Kind() == '"'
		switch {
		case depth > maxDepth:
			return l, fmt.Errorf("is nested deeper than %d", maxDepth)
		case depth == 1 && isKey:
			if key = t.String(); len(l.values) == maxKeys {
				return l, fmt.Errorf("has more than %d keys", maxKeys)
			}
		case depth == 1 && kind == '{' && n > 0 && t.Kind() != ']' && t.Kind() != '}':
			l.values[key] = t.Kind()
			if key == "type" && t.Kind() == '"' {
				l.kind = t.String()
			}
		case depth == 2 && (t.Kind() == '{' || t.Kind() == '['):
			l.values[key] = t.Kind()
		}
		if !isKey && t.Kind() != '}' && t.Kind() != ']' {
			if l.count++; l.count > most {
				return l, errors.New("holds more values than the limit for a file")
			}
		}
		if depth == 0 {
			break
		}
	}
	if d.PeekKind() != 0 || len(bytes.TrimSpace(b[d.InputOffset():])) > 0 {
		return l, fmt.Errorf("byte %d: something follows the object", d.InputOffset())
	}
	if l.kind == "" {
		return l, errors.New(`has no "type"`)
	}
	return l, nil
}

// syntax says where text is no JSON.
func syntax(err error) error {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		text := fmt.Sprintf("byte %d: %v", s.ByteOffset, s.Err)
		if errors.Is(s.Err, jsontext.ErrDuplicateName) {
			text = fmt.Sprintf("byte %d: duplicate key %q", s.ByteOffset, s.JSONPointer.LastToken())
		}
		return errors.New(text)
	}
	return err
}

// Problem says in a user's words what Unmarshal has met.
func Problem(err error) error {
	var s *json.SemanticError
	if !errors.As(err, &s) {
		return syntax(err)
	}
	wants := "what is wanted"
	if s.GoType != nil {
		switch s.GoType.Kind() {
		case reflect.Slice:
			wants = "a list"
		case reflect.String:
			wants = "a text"
		case reflect.Struct, reflect.Map:
			wants = "an object"
		case reflect.Int, reflect.Int64, reflect.Float64, reflect.Float32:
			wants = "a number"
		}
	}
	if errors.Is(s.Err, json.ErrUnknownName) {
		return fmt.Errorf("the key %q is not known", s.JSONPointer.LastToken())
	}
	return fmt.Errorf("%sis %s, not %s", at(s.JSONPointer), named(s.JSONKind), wants)
}

// at names a place within a value, "" for the whole.
func at(p jsontext.Pointer) string {
	if p == "" {
		return ""
	}
	return strconv.Quote(strings.TrimPrefix(string(p), "/")) + " "
}

// named is a kind of JSON value in words.
func named(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "no JSON"
}

// decode reads a surveyed line into a new record of its type.
func (k Kind) decode(l line, b []byte) (Record, error) {
	for _, f := range k.Fields() {
		kind, there := l.values[f.Key]
		switch {
		case f.fallback:
		case !there && !f.Optional:
			return nil, &FieldError{k.Name, f.Key, "is missing: want " + f.Wants()}
		case kind == 'n' && f.Go.Kind() != reflect.Float64 && f.Go.Kind() != reflect.Pointer && f.Go.Kind() != reflect.Slice:
			return nil, &FieldError{k.Name, f.Key, "is null: want " + f.Wants()}
		}
	}
	rec := k.New()
	b, err := k.ownKeys(b)
	if err == nil {
		err = json.Unmarshal(b, rec, options)
	}
	if err != nil {
		return nil, k.semantic(err)
	}
	if err := k.validate(rec); err != nil {
		return nil, err
	}
	return rec, nil
}

// ownKeys is the object without the keys that are nobody's, where a fallback
// would take them: those of methods' figures alone have a dot.
func (k Kind) ownKeys(b []byte) ([]byte, error) {
	fields := k.Fields()
	if !slices.ContainsFunc(fields, Field.Fallback) {
		return b, nil
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(b, &members, options); err != nil {
		return nil, err
	}
	for key := range members {
		if !strings.Contains(key, ".") && !slices.ContainsFunc(fields, func(f Field) bool { return f.Key == key }) {
			delete(members, key)
		}
	}
	return json.Marshal(members)
}

// semantic names the field whose value could not be read.
func (k Kind) semantic(err error) error {
	var s *json.SemanticError
	if !errors.As(err, &s) {
		return syntax(err)
	}
	key := ""
	for token := range s.JSONPointer.Tokens() {
		key = token
		break
	}
	problem := "cannot be read"
	if len(s.JSONValue) > 0 {
		problem = "is " + briefly(s.JSONValue)
	} else if s.JSONKind != 0 {
		problem = "is " + named(s.JSONKind)
	}
	for _, f := range k.Fields() {
		if f.Key == key {
			return &FieldError{k.Name, key, problem + ": want " + f.Wants()}
		}
	}
	return &FieldError{k.Name, key, problem + ": want a number"}
}

// briefly shows a JSON value in a message.
func briefly(v jsontext.Value) string {
	const most = 42
	if r := []rune(string(v)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(v)
}

// Wants describes what the field's value must be: "a number from 0 to 1".
func (f Field) Wants() string {
	var what string
	t := f.Go
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		if f.Enum != nil {
			return "one of " + joined(f.Enum)
		}
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		what = "a whole number"
	case reflect.Float64, reflect.Float32:
		what = "a number"
	case reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		switch t.Elem().Kind() {
		case reflect.Slice:
			what = "a list of lists of numbers"
		case reflect.String:
			return "a list of texts"
		case reflect.Bool:
			return "a list of true and false"
		case reflect.Struct:
			return "a list of objects"
		default:
			what = "a list of numbers"
		}
	default:
		return "an object"
	}
	if f.Range.Bounded {
		what += " " + f.Range.String()
	}
	return what
}

func joined(list []string) string {
	var b bytes.Buffer
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String()
}
