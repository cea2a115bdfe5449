// Package record owns what the commands record: a Go struct for each type of
// record, in a file of its own, is the only place where its keys, units, ranges
// and meanings are written down. Writers fill the structs and [Encode] them;
// readers get them from a [Decoder], checked. The reference docs/records.md
// and the JSON Schema that srn-report schema prints are made from the same
// structs, their tags and their doc comments.
//
// A record is a flat JSON object whose "type" names its struct. Tags of a field:
//
//	json     its key; omitzero: left out where it was not measured or asked for
//	unit     of a number: fraction, nats, seconds, bytes, images, …
//	range    of a number, inclusive: "0..1", "0..", "1..512"
//	enum     of a text: the values that it can have, separated by |
//	compare  of a training's setting: what a difference in it means (see [Class])
//
// A number that is not finite is null in JSON and NaN in Go. Fields whose names
// end in _seconds, and images_per_second, are wall times and rates: they alone
// differ between runs of the same inputs, flags and seed.
package record

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Schema is the version of the records' layout that this package writes.
// Version 1 is read too (see [Decoder]).
const Schema = 2

// Record is one of this package's structs, by value or by pointer.
type Record interface {
	// Type is the record's "type".
	Type() string
}

// Kind describes a type of record.
type Kind struct {
	Name    string   // its "type"
	Writers []string // the commands that write it
	One     string   // what there is one of it for, such as "epoch"
	of      reflect.Type
}

func kind[T Record](one string, writers ...string) Kind {
	var zero T
	return Kind{Name: zero.Type(), Writers: writers, One: one, of: reflect.TypeFor[T]()}
}

const (
	split   = "srn-split"
	meta    = "srn-meta"
	fit     = "srn-fit"
	eval    = "srn-eval"
	hessian = "srn-hessian"
	report  = "srn-report"
)

// kinds lists all types, in the order of the reference.
var kinds = []Kind{
	kind[Header]("file, its first line", meta, fit, eval, hessian),
	kind[End]("file, its last line", meta, fit, eval, hessian),
	kind[Epoch]("epoch of a training", fit),
	kind[Final]("training that ended", fit),
	kind[Round]("round of meta-training", meta),
	kind[Surrogate]("meta-training that ended", meta),
	kind[Eval]("checkpoint", eval),
	kind[Corrupted]("checkpoint, corruption and severity, with --corruptions", eval),
	kind[Top]("checkpoint and block of parameters", hessian+" top"),
	kind[Density]("checkpoint and block of parameters", hessian+" density"),
	kind[Trace]("checkpoint and block of parameters", hessian+" trace"),
	kind[Check]("checkpoint, with --check", hessian),
	kind[Landscape]("checkpoint", hessian+" landscape"),
	kind[Cell]("point of a landscape", hessian+" landscape"),
	kind[Worst]("checkpoint and radius", hessian+" worst"),
	kind[Margin]("checkpoint", hessian+" margin"),
	kind[Guidance]("checkpoint", hessian+" guidance"),
	kind[GuidanceSeries]("series of checkpoints", hessian+" guidance"),
	kind[Stability]("checkpoint", hessian+" stability"),
	kind[Split]("dataset file, on standard output with --json", split),
	kind[Output]("run, on standard output with --json", meta, fit, eval, hessian, report),
}

// Kinds lists all types of records.
func Kinds() []Kind { return slices.Clone(kinds) }

// Find returns the type of that name.
func Find(name string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// New returns a pointer to an empty record of the type, to be decoded into.
func (k Kind) New() Record { return reflect.New(k.of).Interface().(Record) }

// Struct is the name of the type's Go struct.
func (k Kind) Struct() string { return k.of.Name() }

// Field is a key of a type of record.
type Field struct {
	Key      string
	Optional bool // may be left out
	Unit     string
	Range    Range
	Enum     []string
	Compare  Class
	Struct   string // Go struct that declares it, for its doc comment
	Name     string // of the Go field in it
	Go       reflect.Type
	block    string // outermost embedded struct that has it
	index    []int
	fallback bool // takes the keys that no other field has
}

// Fields lists the keys of the type in the order in which they are written.
func (k Kind) Fields() []Field { return fieldsOf(k.of) }

// FieldsOf lists the keys of a record's or block's struct.
func FieldsOf(v any) []Field { return fieldsOf(reflect.Indirect(reflect.ValueOf(v)).Type()) }

// known are the fields of structs that were asked for before.
var known sync.Map

func fieldsOf(t reflect.Type) []Field {
	if list, ok := known.Load(t); ok {
		return slices.Clone(list.([]Field))
	}
	list := structFields(t)
	known.Store(t, list)
	return slices.Clone(list)
}

func structFields(t reflect.Type) []Field {
	var list []Field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && key == "" && options == "" {
			inner := f.Type
			optional := inner.Kind() == reflect.Pointer
			if optional {
				inner = inner.Elem()
			}
			for _, g := range fieldsOf(inner) {
				g.index, g.block = append([]int{i}, g.index...), inner.Name()
				g.Optional = g.Optional || optional
				list = append(list, g)
			}
			continue
		}
		if key == "-" {
			continue
		}
		field := Field{
			Key: key, Optional: options == "omitzero", Unit: f.Tag.Get("unit"), Range: parseRange(f.Tag.Get("range")),
			Compare: Class(f.Tag.Get("compare")), Struct: t.Name(), Name: f.Name, Go: f.Type, index: []int{i}, fallback: options == "embed",
		}
		if e := f.Tag.Get("enum"); e != "" {
			field.Enum = strings.Split(e, "|")
		}
		list = append(list, field)
	}
	return list
}

// Fallback says that the field takes all keys that no other field has.
func (f Field) Fallback() bool { return f.fallback }

// Value is the field's value in a record; ok is false where a block that
// holds it is not there.
func (f Field) Value(rec any) (v reflect.Value, ok bool) {
	v = reflect.Indirect(reflect.ValueOf(rec))
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}
