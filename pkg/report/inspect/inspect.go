// Package inspect says what is in a file of tensors or records: its header and
// metadata, every tensor with its extremes, every type of record with its
// fields, and whether it is whole.
package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// File is what a file holds; Tensors or Streams, not both.
type File struct {
	Path     string            `json:"path"`
	Kind     string            `json:"kind"`     // tensors or records
	Bytes    int64             `json:"bytes"`    // as it lies on the disk; -1 from standard input or a pipe
	SHA256   string            `json:"sha256"`   // of the uncompressed bytes
	Metadata map[string]string `json:"metadata"` // of a tensor file
	Tensors  []Tensor          `json:"tensors"`
	Streams  []Stream          `json:"streams"`
}

// MarshalJSON writes numbers of records that are not finite as null.
func (f *File) MarshalJSON() ([]byte, error) {
	type plain File // without this method
	return record.Marshal((*plain)(f))
}

// Tensor is a tensor with statistics of its finite elements. NaN and
// infinities are counted apart.
type Tensor struct {
	Name     string   `json:"name"`
	DType    string   `json:"dtype"`
	Shape    []int    `json:"shape"`
	Min      *float64 `json:"min"` // nil: no finite element
	Max      *float64 `json:"max"`
	RMS      *float64 `json:"rms"`
	NaN      int      `json:"nan"`
	Infinite int      `json:"infinite"`
}

// Stream is one run's records.
type Stream struct {
	Tool    string         `json:"tool"`
	Version string         `json:"version"`
	Seed    int64          `json:"seed"`
	Schema  int            `json:"schema"`
	Config  any            `json:"config"`
	Inputs  []record.Input `json:"inputs"`
	State   string         `json:"state"` // complete, the status of a run that failed, or cut off
	Types   []Type         `json:"types"`
}

// Type is the records of a type.
type Type struct {
	Name   string  `json:"name"`
	Count  int     `json:"count"`
	Fields []Field `json:"fields"`
}

// Field is a field of a type of record, over all that have it.
type Field struct {
	Name  string   `json:"name"`
	Count int      `json:"count"` // records in which it is not null
	Null  int      `json:"null"`
	Kind  string   `json:"kind"` // number, text, flag, list, object, or mixed
	Min   *float64 `json:"min,omitempty"`
	Max   *float64 `json:"max,omitempty"`
	Last  any      `json:"last"` // value in the last record that has it
}

// Open reads a file, "-" being standard input, which must hold records, as a
// pipe must. What
// is neither tensors nor records, or damaged, is an *artifact.FormatError.
func Open(path string) (*File, error) {
	f := &File{Path: path, Bytes: -1}
	if path == "-" {
		return f, f.records()
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		f.Bytes = info.Size()
	case !info.IsDir():
		return f, f.records() // which can be read but once
	}
	if looksLikeRecords(path) {
		return f, f.records()
	}
	return f, f.tensors()
}

// looksLikeRecords goes by the name and, where that does not say, by whether
// the file can be read as records.
func looksLikeRecords(path string) bool {
	name := strings.TrimSuffix(path, ".zst")
	switch {
	case strings.HasSuffix(name, ".jsonl"):
		return true
	case strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".state"):
		return false
	}
	_, _, err := artifact.HashRecords(path)
	return err == nil
}

func (f *File) records() error {
	f.Kind = "records"
	streams, sum, err := artifact.HashRecords(f.Path)
	if err != nil {
		return err
	}
	f.SHA256 = sum
	for _, s := range streams {
		out := Stream{Tool: s.Header.Tool, Version: s.Header.Version, Seed: s.Header.Seed, Schema: s.Header.Schema, Config: s.Header.Config, Inputs: s.Header.Inputs, State: "complete", Types: types(s.Records)}
		switch {
		case !s.Complete:
			out.State = "cut off: no end record"
		case s.Status != "" && s.Status != "ok":
			out.State = s.Status
		}
		f.Streams = append(f.Streams, out)
	}
	return nil
}

// types sorts records by type, in the order in which the types come, and their
// fields in the order in which they are written. Of a type that package record
// does not know there are no fields.
func types(records []record.Record) []Type {
	var list []Type
	at := map[string]int{}
	fields := map[string]map[string]*Field{}
	order := map[string][]string{}
	for _, r := range records {
		name := r.Type()
		if _, there := at[name]; !there {
			at[name] = len(list)
			list = append(list, Type{Name: name})
			fields[name] = map[string]*Field{}
		}
		list[at[name]].Count++
		kind, ok := record.Find(name)
		if !ok {
			continue
		}
		add := func(key string, v any) {
			if fields[name][key] == nil {
				fields[name][key] = &Field{Name: key}
				order[name] = append(order[name], key)
			}
			fields[name][key].add(v)
		}
		for _, f := range kind.Fields() {
			v, ok := f.Value(r)
			switch {
			case !ok || f.Optional && v.IsZero():
			case f.Fallback():
				for it := v.MapRange(); it.Next(); {
					add(it.Key().String(), it.Value().Interface())
				}
			case v.Kind() == reflect.Pointer && v.IsNil():
				add(f.Key, nil)
			case v.Kind() == reflect.Pointer:
				add(f.Key, v.Elem().Interface())
			default:
				add(f.Key, v.Interface())
			}
		}
	}
	for i := range list {
		for _, key := range order[list[i].Name] {
			list[i].Fields = append(list[i].Fields, *fields[list[i].Name][key])
		}
	}
	return list
}

// add counts a value, nil or NaN being null.
func (f *Field) add(v any) {
	kind := ""
	x := math.NaN()
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		f.Null++
		return
	case reflect.Float64, reflect.Float32:
		kind, x = "number", r.Float()
	case reflect.Int, reflect.Int64:
		kind, x = "number", float64(r.Int())
	case reflect.Uint64:
		kind, x = "number", float64(r.Uint())
	case reflect.String:
		kind = "text"
	case reflect.Bool:
		kind = "flag"
	case reflect.Slice, reflect.Array:
		kind = "list"
	default:
		kind = "object"
	}
	if kind == "number" {
		if math.IsNaN(x) {
			f.Null++
			return
		}
		if f.Min == nil {
			low, high := x, x
			f.Min, f.Max = &low, &high
		}
		*f.Min, *f.Max = min(*f.Min, x), max(*f.Max, x)
	}
	f.Count++
	f.Last = v
	if f.Kind = cmp.Or(f.Kind, kind); f.Kind != kind {
		f.Kind = "mixed"
	}
}

func (f *File) tensors() error {
	f.Kind = "tensors"
	file, err := artifact.Read(f.Path, artifact.Limits{})
	if err != nil {
		var format *artifact.FormatError
		if errors.As(err, &format) {
			format.Mend = "is it a safetensors file, or records? Copy or make it again"
		}
		return err
	}
	f.SHA256, f.Metadata = file.SHA256, file.Metadata
	for _, t := range file.Tensors {
		out := Tensor{Name: t.Name, DType: string(t.DType), Shape: t.Shape}
		if err := out.measure(t); err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, out)
	}
	return nil
}

// measure finds the extremes and the root mean square of a tensor's finite
// elements, in float64. Types that are not numbers to add up (F8, U64) have
// none.
func (t *Tensor) measure(from artifact.Tensor) error {
	low, high, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0
	add := func(v float64) {
		switch {
		case math.IsNaN(v):
			t.NaN++
		case math.IsInf(v, 0):
			t.Infinite++
		default:
			low, high = min(low, v), max(high, v)
			squares += v * v
			n++
		}
	}
	switch from.DType {
	case artifact.F32, artifact.F64, artifact.F16, artifact.BF16:
		list, err := from.Float64s()
		if err != nil {
			return err
		}
		for _, v := range list {
			add(v)
		}
	case artifact.I32, artifact.I64:
		list, err := from.Int64s()
		if err != nil {
			return err
		}
		for _, v := range list {
			add(float64(v))
		}
	case artifact.U8, artifact.Bool:
		for _, v := range from.Data {
			add(float64(v))
		}
	case artifact.I8:
		for _, v := range from.Data {
			add(float64(int8(v)))
		}
	}
	if n > 0 {
		rms := math.Sqrt(squares / float64(n))
		t.Min, t.Max, t.RMS = &low, &high, &rms
	}
	return nil
}

// Whole says what is wrong with a file that could be read, "" if nothing is.
func (f *File) Whole() string {
	var list []string
	for i, s := range f.Streams {
		if s.State != "complete" {
			list = append(list, fmt.Sprintf("stream %d: %s", i+1, s.State))
		}
	}
	for _, t := range f.Tensors {
		if t.NaN+t.Infinite > 0 {
			list = append(list, fmt.Sprintf("tensor %s: %d NaN, %d infinite", t.Name, t.NaN, t.Infinite))
		}
	}
	return strings.Join(list, "; ")
}
