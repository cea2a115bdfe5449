package record

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DefaultValues is how many JSON values a Decoder accepts by default: they
// take up to 50 times the memory of their text.
const DefaultValues = 16 << 20

// Decoder reads the lines of record files, with a bound on the values of all
// of them together. The zero Decoder is ready for use.
type Decoder struct {
	// Values is the largest number of JSON values; 0 is DefaultValues.
	Values int64
	read   int64
}

// SchemaError says that records have a layout that is not read.
type SchemaError struct {
	Schema  int
	Version string // of the command that wrote them
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("its records have layout %d, this command reads layout %d", e.Schema, Schema)
}

// Decode reads one line. A record of a type that this package does not know is
// an [Unknown]. Errors say what is wrong with the line; a *[FieldError] names
// the field, a *[SchemaError] a header of another layout.
func (d *Decoder) Decode(b []byte) (Record, error) {
	most := d.Values
	if most == 0 {
		most = DefaultValues
	}
	l, err := survey(b, most-d.read)
	if err != nil {
		return nil, err
	}
	d.read += l.count
	if l.kind == (Header{}).Type() {
		return decodeHeader(l, b)
	}
	k, ok := Find(l.kind)
	if !ok {
		return Unknown(l.kind), nil
	}
	return k.decode(l, b)
}

// Unknown is a record of a type that this package does not know.
type Unknown string

func (u Unknown) Type() string { return string(u) }

// decodeHeader reads a header, whose configuration's type is that of its tool.
func decodeHeader(l line, b []byte) (Record, error) {
	var layout struct {
		Schema  int    `json:"schema"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(b, &layout, options); err == nil && layout.Schema != Schema && layout.Schema > 0 {
		return nil, &SchemaError{layout.Schema, layout.Version}
	}
	k, _ := Find(l.kind)
	rec, err := k.decode(l, b)
	if err != nil {
		return nil, err
	}
	h := rec.(*Header)
	var raw struct {
		Config jsontext.Value `json:"config"`
	}
	if err := json.Unmarshal(b, &raw, options); err != nil {
		return nil, syntax(err)
	}
	return h, h.settle(raw.Config)
}

// decodeBlock reads an object into a block's struct, strictly: every key must
// be one of the block's, and every one that cannot be left out must be there.
func decodeBlock(b []byte, to any) error {
	k := Kind{Name: "config", of: reflect.TypeOf(to).Elem()}
	var there map[string]jsontext.Value
	if err := json.Unmarshal(b, &there); err != nil {
		return syntax(err)
	}
	for _, f := range k.Fields() {
		if _, ok := there[f.Key]; !ok && !f.Optional && !f.fallback {
			return &FieldError{k.Name, f.Key, "is missing: want " + f.Wants()}
		}
	}
	if err := Unmarshal(b, to); err != nil {
		return k.semantic(err)
	}
	return k.validate(to)
}

// DecodeFit reads the configuration of a training, as a checkpoint carries it.
func DecodeFit(b []byte) (Fit, error) {
	var f Fit
	err := decodeBlock(b, &f)
	return f, err
}

// DecodeMeta reads the configuration of meta-training, as a surrogate's file
// carries it.
func DecodeMeta(b []byte) (Meta, error) {
	var m Meta
	err := decodeBlock(b, &m)
	return m, err
}
