package artifact

import (
	"cmp"
	"fmt"
	"strings"

	"srn/pkg/record"
)

// NewInput hashes a file.
func NewInput(name, path string) (record.Input, error) {
	sum, err := HashFile(path)
	return record.Input{Name: name, Path: path, SHA256: sum}, err
}

// Provenance is what every tensor file tells of its making.
type Provenance struct {
	Format  string // what the file holds and how, such as srn-data/1
	Tool    string // the command
	Version string // of the command
	Config  any    // all flags that matter to the content; map[string]any when read
	Inputs  []record.Input
}

// Metadata returns p as metadata of a tensor file, to which others may be
// added. Paths of inputs are left out: content alone decides the bytes.
func (p Provenance) Metadata() (map[string]string, error) {
	config, err := record.Marshal(p.Config)
	if err != nil {
		return nil, err
	}
	nameless := make([]record.Input, len(p.Inputs))
	for i, in := range p.Inputs {
		nameless[i] = record.Input{Name: in.Name, SHA256: in.SHA256}
	}
	inputs, err := record.Marshal(nameless)
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
	for key, to := range map[string]any{"config": &p.Config, "inputs": &p.Inputs} {
		text, ok := m[key]
		if !ok {
			continue
		}
		if err := record.Unmarshal([]byte(text), to); err != nil {
			return p, formatErrorf(path, fmt.Sprintf("metadata %q", key), "%v", record.Problem(err))
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
