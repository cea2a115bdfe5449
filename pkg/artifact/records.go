package artifact

import "fmt"

// A record file is JSON Lines: one object a line, each with its "type". The
// first is of type "header" and says what made the records, the last of type
// "end" says that nothing is missing. Compressed, the header, each flush and
// the end are zstd frames of their own.

// Header is the first record of a stream.
type Header struct {
	Tool    string  // the command
	Version string  // of the command
	Schema  int     // version of the records' layout
	Config  any     // all flags that matter; map[string]any when read
	Seed    int64   // of all randomness
	Inputs  []Input // what the records were made from
}

const (
	typeHeader = "header"
	typeEnd    = "end"
)

// fields is the header's record.
func (h Header) fields() Fields {
	inputs := h.Inputs
	if inputs == nil {
		inputs = []Input{}
	}
	return Fields{
		{"type", typeHeader},
		{"tool", h.Tool},
		{"version", h.Version},
		{"schema", h.Schema},
		{"seed", h.Seed},
		{"config", h.Config},
		{"inputs", inputs},
	}
}

// Record is a record as read. Numbers are float64; what was not finite is nil.
type Record map[string]any

// Type is what kind of record it is.
func (r Record) Type() string { return r.Text("type") }

// Text is the string under a key, "" where there is none.
func (r Record) Text(key string) string {
	s, _ := r[key].(string)
	return s
}

// Float is the number under a key; ok is false where there is none.
func (r Record) Float(key string) (v float64, ok bool) {
	v, ok = r[key].(float64)
	return v, ok
}

// Floats is the list of numbers under a key; ok is false where there is none
// or where an element is no number.
func (r Record) Floats(key string) (v []float64, ok bool) {
	list, ok := r[key].([]any)
	if !ok {
		return nil, false
	}
	v = make([]float64, len(list))
	for i, x := range list {
		if v[i], ok = x.(float64); !ok {
			return nil, false
		}
	}
	return v, true
}

// Stream is what one run has recorded.
type Stream struct {
	Header  Header
	Records []Record // neither the header nor the end
	Lines   []int    // number of the line of each record in its file, from 1
	// Complete says that the end record is there; Status is what it says,
	// such as "ok".
	Complete bool
	Status   string
}

// scanHeader reads a header record.
func scanHeader(b []byte) (h Header, err error) {
	s := &scanner{b: b}
	text := func(to *string) error {
		var err error
		*to, err = s.str()
		return err
	}
	err = s.object(func(key string) error {
		switch key {
		case "tool":
			return text(&h.Tool)
		case "version":
			return text(&h.Version)
		case "schema":
			n, err := s.integer()
			h.Schema = int(n)
			return err
		case "seed":
			n, err := s.integer()
			h.Seed = n
			return err
		case "config":
			v, err := s.value(1)
			h.Config = v
			return err
		case "inputs":
			v, err := s.value(1)
			if err == nil {
				if h.Inputs, err = inputsOf(v); err != nil {
					err = fmt.Errorf("inputs: %w", err)
				}
			}
			return err
		}
		_, err := s.value(1)
		return err
	})
	return h, err
}
