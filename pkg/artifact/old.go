package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"srn/pkg/record"
)

// Record is a record without its struct, until what reads by it has moved to
// package record. Numbers are float64; what was not finite is nil.
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

// OldStream is a stream read without its structs: of layout 1, or of layout 2
// under the keys of layout 1.
type OldStream struct {
	Header   record.Header // Config is map[string]any
	Records  []Record
	Lines    []int
	Complete bool
	Status   string
}

// OldRecords reads a record file of layout 1 or 2, with the hash of its
// uncompressed bytes.
func OldRecords(path string) (streams []OldStream, sum string, err error) {
	in, _, err := open(path)
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	p := &recordParser{path: display(path), sum: sha256.New()}
	p.old = func(line []byte) error {
		fail := func(format string, a ...any) error {
			return formatErrorf(p.path, fmt.Sprintf("line %d", p.line), format, a...).mend("give a file of records, such as srn-fit --metrics writes")
		}
		var m map[string]any
		if err := record.Unmarshal(line, &m); err != nil {
			return fail("%v", record.Problem(err))
		}
		r := Record(m)
		switch n := len(streams); {
		case r.Type() == "":
			return fail(`has no "type"`)
		case r.Type() == "header":
			h := record.Header{Tool: r.Text("tool"), Version: r.Text("version")}
			schema, _ := r.Float("schema")
			seed, _ := r.Float("seed")
			h.Schema, h.Seed = int(schema), int64(seed)
			config, _ := r["config"].(map[string]any)
			if h.Schema > 1 {
				config = oldKeys("config", config)
			}
			h.Config = config
			if b, err := record.Marshal(r["inputs"]); err == nil {
				record.Unmarshal(b, &h.Inputs)
			}
			streams = append(streams, OldStream{Header: h})
		case n == 0:
			return fail("type is %q: the first record must be a header", r.Type())
		case streams[n-1].Complete:
			return fail("a record of type %q follows the end of the stream", r.Type())
		case r.Type() == "end":
			streams[n-1].Complete, streams[n-1].Status = true, r.Text("status")
		default:
			s := &streams[n-1]
			if s.Header.Schema > 1 {
				r = oldKeys(r.Type(), r)
			}
			s.Records, s.Lines = append(s.Records, r), append(s.Lines, p.line)
		}
		return nil
	}
	if err := p.parse(in, Limits{}.withDefaults(defaultRecordSize), nil); err != nil {
		return nil, "", err
	}
	if len(streams) == 0 {
		return nil, "", formatErrorf(p.path, "", "holds no whole record").mend("it is empty or cut off within its header; make it again")
	}
	return streams, hex.EncodeToString(p.sum.Sum(nil)), nil
}

// oldKeys gives an object the keys of layout 1.
func oldKeys(kind string, m map[string]any) map[string]any {
	old := map[string]any{}
	for key, v := range m {
		switch {
		case key == "type" && v == "surrogate":
			v = "final"
		case key == "train_split" && kind == "config":
			key = "split"
		case key == "batch_size" && kind == "config":
			key = "batch"
		case key == "inner_batch_size":
			key = "inner_batch"
		case key == "parameters":
			continue
		case key == "pass_images":
			key = "batch"
		case key == "images":
			key = "n"
		case key == "on_dataset":
			key = "dataset"
		case key == "on_data_sha256":
			key = "data_sha256"
		case key == "epoch_lr":
			key = "lr"
		case key == "surrogate_sha256" && strings.HasPrefix(kind, "guidance"):
			key = "srn_sha256"
		case m["on_dataset"] != nil && (key == "dataset" || key == "data_sha256"), m["epoch_lr"] != nil && key == "lr":
			continue
		}
		old[key] = v
	}
	return old
}
