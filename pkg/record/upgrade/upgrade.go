// Package upgrade turns records of layout 1, in which settings were display
// text and measurements said little of their training, into those of layout 2.
// It is the only place that knows layout 1.
package upgrade

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Options say what the records themselves do not.
type Options struct {
	// Official are the digests of dataset files that hold all images of the
	// official files, unchanged. Of others it stays unknown.
	Official []string
}

// object is a record of layout 1.
type object map[string]any

func (o object) text(key string) string { s, _ := o[key].(string); return s }

func (o object) number(key string) float64 {
	v, ok := o[key].(float64)
	if !ok {
		return math.NaN()
	}
	return v
}

func (o object) whole(key string) int {
	if v, ok := o[key].(float64); ok {
		return int(v)
	}
	return 0
}

// stream is a stream of layout 1.
type stream struct {
	path     string
	header   object
	config   object
	seed     int64
	records  []object
	complete bool
	status   string
}

// Files reads record files of layout 1, which may hold streams of layout 2
// too, and returns their streams in layout 2, in the same order. Measurements
// are joined to the trainings among the files; unplaced is how many are of a
// training that is not.
func Files(paths []string, o Options) (streams []artifact.Stream, unplaced int, err error) {
	u := &upgrader{Options: o, test: map[string]int{}}
	for _, path := range paths {
		if err := u.read(path); err != nil {
			return nil, 0, err
		}
	}
	for i := range u.slots {
		if s := &u.slots[i]; s.old != nil && s.old.header.text("tool") == "srn-fit" {
			if err := u.training(s); err != nil {
				return nil, 0, err
			}
		}
	}
	for i := range u.slots {
		s := &u.slots[i]
		if s.old != nil && s.old.header.text("tool") != "srn-fit" {
			if err := u.other(s); err != nil {
				return nil, 0, err
			}
		}
		streams = append(streams, s.new)
	}
	return streams, u.unplaced, nil
}

// slot is a stream before and after.
type slot struct {
	old *stream // nil: was of layout 2
	new artifact.Stream
	fit *record.Fit
}

type upgrader struct {
	Options
	slots    []slot
	test     map[string]int // test images by the dataset file's digest
	unplaced int
}

// read reads the streams of a file.
func (u *upgrader) read(path string) error {
	fail := func(number int, format string, a ...any) error {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("line %d", number), Problem: fmt.Sprintf(format, a...), Mend: "give record files as the commands wrote them"}
	}
	var decoder record.Decoder
	current := -1
	return artifact.Lines(path, func(number int, text []byte) error {
		var m map[string]any
		if err := record.Unmarshal(text, &m); err != nil {
			return fail(number, "%v", record.Problem(err))
		}
		o := object(m)
		kind := o.text("type")
		if kind == (record.Header{}).Type() {
			var seed struct {
				Seed int64 `json:"seed"`
			}
			record.UnmarshalSome(text, &seed) // which a float64 may not hold
			config, _ := o["config"].(map[string]any)
			s := slot{old: &stream{path: path, header: o, config: config, seed: seed.Seed}}
			if o.whole("schema") != 1 {
				rec, err := decoder.Decode(text)
				if err != nil {
					return fail(number, "%v", err)
				}
				s = slot{new: artifact.Stream{Header: *rec.(*record.Header)}}
			}
			u.slots = append(u.slots, s)
			current = len(u.slots) - 1
			return nil
		}
		if current < 0 {
			return fail(number, "type is %q: the first record must be a header", kind)
		}
		s := &u.slots[current]
		switch {
		case s.old == nil:
			rec, err := decoder.Decode(text)
			if err != nil {
				return fail(number, "%v", err)
			}
			if end, ok := rec.(*record.End); ok {
				s.new.Complete, s.new.Status = true, end.Status
			} else {
				s.new.Records = append(s.new.Records, rec)
			}
		case kind == (record.End{}).Type():
			s.old.complete, s.old.status = true, o.text("status")
		default:
			s.old.records = append(s.old.records, o)
			if kind == "eval" && o.text("split") == "test" {
				u.test[o.text("data_sha256")] = max(u.test[o.text("data_sha256")], o.whole("n"))
			}
		}
		return nil
	})
}

// begin fills in what every stream has.
func (s *slot) begin(config any) error {
	h := s.old.header
	s.new.Header = record.Header{Tool: h.text("tool"), Version: h.text("version"), Schema: record.Schema, Seed: s.old.seed, Config: config, Inputs: []record.Input{}}
	if inputs, ok := h["inputs"]; ok {
		b, err := record.Marshal(inputs)
		if err == nil {
			err = record.Unmarshal(b, &s.new.Header.Inputs)
		}
		if err != nil {
			return s.bad("inputs: %v", record.Problem(err))
		}
	}
	s.new.Complete, s.new.Status = s.old.complete, s.old.status
	return nil
}

func (s *slot) bad(format string, a ...any) error {
	return &artifact.FormatError{Path: s.old.path, Problem: fmt.Sprintf(format, a...), Mend: "give record files as the commands wrote them"}
}

// add appends a record made of an object of layout 2.
func (s *slot) add(kind string, o object) error {
	k, ok := record.Find(kind)
	if !ok {
		return s.bad("holds a record of type %q", kind)
	}
	for _, f := range k.Fields() {
		if v, there := o[f.Key]; there && v == nil && (f.Optional || f.Wants() == "a text") {
			delete(o, f.Key)
			if !f.Optional {
				o[f.Key] = ""
			}
		}
	}
	o["type"] = kind
	b, err := record.Marshal(map[string]any(o))
	if err != nil {
		return s.bad("%v", err)
	}
	var d record.Decoder
	rec, err := d.Decode(b)
	if err != nil {
		return s.bad("%v", err)
	}
	s.new.Records = append(s.new.Records, rec)
	return nil
}

// merge writes a block's fields into an object.
func (o object) merge(block any) error {
	b, err := record.Marshal(block)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := record.Unmarshal(b, &m); err != nil {
		return err
	}
	for k, v := range m {
		o[k] = v
	}
	return nil
}

// dataset is the name of the data set of a dataset file, as trainings tell it.
func (u *upgrader) dataset(digest string) string {
	for i := range u.slots {
		if f := u.slots[i].fit; f != nil && f.DataSHA256 == digest {
			return f.Dataset
		}
	}
	return ""
}
