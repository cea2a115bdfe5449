package artifact

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Input names a file that an output was made from.
type Input struct {
	Name   string `json:"name"`           // its role, such as data or srn
	Path   string `json:"path,omitempty"` // as the user named it
	SHA256 string `json:"sha256"`         // of the uncompressed bytes
}

// NewInput hashes a file.
func NewInput(name, path string) (Input, error) {
	sum, err := HashFile(path)
	return Input{name, path, sum}, err
}

// Provenance is what every tensor file tells of its making.
type Provenance struct {
	Format  string // what the file holds and how, such as srn-data/1
	Tool    string // the command
	Version string // of the command
	Config  any    // all flags that matter to the content; map[string]any when read
	Inputs  []Input
}

// Metadata returns p as metadata of a tensor file, to which others may be
// added. Paths of inputs are left out: content alone decides the bytes.
func (p Provenance) Metadata() (map[string]string, error) {
	config, err := EncodeJSON(p.Config)
	if err != nil {
		return nil, err
	}
	nameless := make([]Input, len(p.Inputs))
	for i, in := range p.Inputs {
		nameless[i] = Input{Name: in.Name, SHA256: in.SHA256}
	}
	inputs, err := EncodeJSON(nameless)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"format":  p.Format,
		"tool":    p.Tool,
		"version": p.Version,
		"config":  string(config),
		"inputs":  string(inputs),
	}, nil
}

// Provenance reads the metadata that Provenance.Metadata wrote and checks
// that the file's format is the one named. Path is the file's name for the
// error, which is a *FormatError.
func (f *File) Provenance(path, format string) (Provenance, error) {
	m := f.Metadata
	got, ok := m["format"]
	if !ok {
		return Provenance{}, formatErrorf(path, "metadata", "has no format: want %q", format).
			mend("was the file made by one of the srn commands?")
	}
	if got != format {
		return Provenance{}, formatErrorf(path, "metadata", "format is %q: want %q", got, format).mend(mendFormat(got, format))
	}
	p := Provenance{Format: got, Tool: m["tool"], Version: m["version"]}
	if text, ok := m["config"]; ok {
		v, err := decodeJSON(text)
		if err != nil {
			return p, formatErrorf(path, `metadata "config"`, "%v", err)
		}
		p.Config = v
	}
	if text, ok := m["inputs"]; ok {
		v, err := decodeJSON(text)
		if err == nil {
			p.Inputs, err = inputsOf(v)
		}
		if err != nil {
			return p, formatErrorf(path, `metadata "inputs"`, "%v", err)
		}
	}
	return p, nil
}

// makers are the commands that make files of each format.
var makers = map[string]string{"srn-data": "srn-split", "srn-surrogate": "srn-meta", "srn-checkpoint": "srn-fit"}

// mendFormat says what to do about a file of another format, or of another
// version of the one wanted.
func mendFormat(got, want string) string {
	kind, _, _ := strings.Cut(want, "/")
	maker := cmp.Or(makers[kind], "the command that should have made it")
	if strings.HasPrefix(got, kind+"/") {
		return "it is of another version of these commands: make it again by this version's " + maker
	}
	return "give a file that " + maker + " made"
}

// inputsOf reads a list of inputs.
func inputsOf(v any) ([]Input, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("want a list of objects")
	}
	inputs := make([]Input, len(list))
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("item %d is not an object", i)
		}
		for key, to := range map[string]*string{"name": &inputs[i].Name, "path": &inputs[i].Path, "sha256": &inputs[i].SHA256} {
			if v, there := m[key]; there {
				if *to, ok = v.(string); !ok {
					return nil, fmt.Errorf("item %d: %s is not a string", i, key)
				}
			}
		}
	}
	return inputs, nil
}

// decodeJSON reads one JSON value strictly.
func decodeJSON(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("is not valid UTF-8")
	}
	s := &scanner{b: []byte(text)}
	v, err := s.value(0)
	if err == nil {
		err = s.end()
	}
	return v, err
}
