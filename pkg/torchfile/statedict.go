package torchfile

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/npy"
	"srn/pkg/pickle"
)

// StateDict is a network's tensors by their names.
type StateDict struct {
	Key     string // where it lies in the file, empty where it is the file
	Tensors []artifact.Tensor
	// Skipped are the names of what is no tensor, Others the keys of the
	// file's other state dicts.
	Skipped, Others []string
}

// KeyError says that a file has no state dict under a key, or several of which
// none has a usual one.
type KeyError struct {
	Key  string   // empty where none was asked for
	Have []string // the keys that it has
}

func (e *KeyError) Error() string {
	have := "it has none"
	if len(e.Have) > 0 {
		have = "it has " + strings.Join(e.Have, ", ")
	}
	if e.Key != "" {
		return fmt.Sprintf("has no state dict %q: %s", e.Key, have)
	}
	return "has no state dict under a usual name: " + have
}

// usual are the keys under which training scripts save a network's state
// dict, the first found being taken.
var usual = []string{"state_dict", "model_state_dict", "model", "net"}

const (
	maxDepth   = 4         // of dictionaries in each other
	maxModules = 32        // of modules in each other
	maxLooked  = 2_000_000 // items of dictionaries that are looked at
)

// StateDict reads the state dict under a key, whose parts are joined by points;
// without a key, the file itself or what it has under a usual one.
func (f *File) StateDict(key string) (*StateDict, error) {
	found := f.find()
	pick := -1
	if key != "" {
		pick = slices.IndexFunc(found, func(d located) bool { return d.key == key || d.key == "" && key == "." })
	} else {
		pick = best(found)
	}
	if pick < 0 {
		e := &KeyError{Key: key}
		for _, d := range found {
			e.Have = append(e.Have, named(d.key))
		}
		return nil, e
	}
	s := &StateDict{Key: found[pick].key}
	for i, d := range found {
		if i != pick {
			s.Others = append(s.Others, named(d.key))
		}
	}
	for _, item := range found[pick].items {
		name, _ := pickle.Text(item.Key)
		var t artifact.Tensor
		var err error
		switch v := item.Value.(type) {
		case *tensor:
			t, err = f.load(name, v)
		case *npy.Array:
			if t, err = v.Tensor(name); err != nil {
				err = described(err)
			}
		default:
			s.Skipped = append(s.Skipped, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		s.Tensors = append(s.Tensors, t)
	}
	return s, nil
}

func named(key string) string {
	if key == "" {
		return "the file itself"
	}
	return key
}

// located is a state dict where it lies.
type located struct {
	key   string
	items []pickle.Item
}

// best is the state dict to take without being told: one under a usual key, in
// the order of those keys, the only one there is, or the file itself.
func best(found []located) int {
	for _, name := range usual {
		for i, d := range found {
			// At any depth, as in {"model": {"state_dict": …}}.
			if parts := strings.Split(d.key, "."); parts[len(parts)-1] == name {
				return i
			}
		}
	}
	if i := slices.IndexFunc(found, func(d located) bool { return d.key == "" }); i >= 0 {
		return i
	}
	if len(found) == 1 {
		return 0
	}
	return -1
}

// find lists the state dicts of a file, those further out first.
func (f *File) find() []located {
	type place struct {
		key   string
		value any
		depth int
	}
	var found []located
	look := search{left: maxLooked}
	for queue := []place{{"", f.value, 0}}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if items, ok := look.state(p.value); ok {
			found = append(found, located{p.key, items})
		}
		d, ok := pickle.DictOf(p.value)
		if !ok || p.depth == maxDepth {
			continue
		}
		for _, item := range d.Items {
			name, ok := pickle.Text(item.Key)
			if look.left--; !ok || look.left < 0 {
				continue
			}
			switch item.Value.(type) {
			case *pickle.Dict, *pickle.Object:
				if p.key != "" {
					name = p.key + "." + name
				}
				queue = append(queue, place{name, item.Value, p.depth + 1})
			}
		}
	}
	return found
}

// search bounds how many items are looked at: dictionaries may hold each other.
type search struct{ left int }

// state returns the tensors of a dictionary of names as modules give them, or
// of a pickled module.
func (s *search) state(v any) ([]pickle.Item, bool) {
	if o, ok := v.(*pickle.Object); ok {
		if items := s.module(nil, "", o, 0); len(items) > 0 {
			return items, true
		}
	}
	d, ok := pickle.DictOf(v)
	if !ok {
		return nil, false
	}
	dotted := false
	for _, item := range d.Items {
		name, ok := pickle.Text(item.Key)
		if s.left--; !ok || s.left < 0 {
			return nil, false
		}
		dotted = dotted || isTensor(item.Value) && strings.Contains(name, ".")
	}
	return d.Items, dotted
}

func isTensor(v any) bool {
	switch v.(type) {
	case *tensor, *npy.Array:
		return true
	}
	return false
}

// module appends the tensors of a pickled module, as its state_dict() has them.
func (s *search) module(to []pickle.Item, prefix string, v any, depth int) []pickle.Item {
	o, ok := v.(*pickle.Object)
	if !ok || depth > maxModules {
		return to
	}
	fields, ok := o.State.(*pickle.Dict)
	if !ok {
		return to
	}
	for _, kind := range []string{"_parameters", "_buffers", "_modules"} {
		value, _ := fields.Get(kind)
		d, ok := pickle.DictOf(value)
		if !ok {
			continue
		}
		for _, item := range d.Items {
			name, ok := pickle.Text(item.Key)
			if s.left--; !ok || s.left < 0 {
				break
			}
			if kind == "_modules" {
				to = s.module(to, prefix+name+".", item.Value, depth+1)
			} else if isTensor(item.Value) {
				to = append(to, pickle.Item{Key: prefix + name, Value: item.Value})
			}
		}
	}
	return to
}
