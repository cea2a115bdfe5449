package checkpoint

import (
	"fmt"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Meta is what a checkpoint's metadata tell. A foreign file has only the
// architecture, classes and normalisation.
type Meta struct {
	Foreign bool // the file has none of our metadata

	Arch       string     // such as resnet20
	NumClasses int        //
	Mean, Std  [3]float32 // by which pixels, scaled to 0…1, were normalised

	Training *record.Training // that made it; nil where the file does not tell
	Epoch    int              // epochs trained so far
	Complete bool             // all of them are done

	// Tool, Version and Inputs tell how the file was made; Format and Config
	// are filled in on writing.
	artifact.Provenance
}

// encode gives the metadata as strings.
func (m Meta) encode() (map[string]string, error) {
	m.Format = Format
	if m.Training != nil {
		m.Config = record.Fit{Network: record.Network{Arch: m.Arch, Classes: m.NumClasses}, Training: *m.Training}
	}
	s, err := m.Provenance.Metadata()
	if err != nil {
		return nil, err
	}
	s["arch"] = m.Arch
	s["num_classes"] = strconv.Itoa(m.NumClasses)
	s["mean"] = FormatTriple(m.Mean)
	s["std"] = FormatTriple(m.Std)
	s["epoch"] = strconv.Itoa(m.Epoch)
	s["complete"] = strconv.FormatBool(m.Complete)
	return s, nil
}

// decodeMeta reads the metadata of a file that is ours.
func decodeMeta(path string, f *artifact.File) (Meta, error) {
	var m Meta
	var err error
	if m.Provenance, err = f.Provenance(path, Format); err != nil {
		return m, err
	}
	s := f.Metadata
	m.Arch = s["arch"]
	if m.Config != nil {
		fit, err := record.DecodeFit([]byte(s["config"]))
		if err != nil {
			return m, &artifact.FormatError{Path: path, Field: `metadata "config"`, Problem: err.Error(), Mend: "use a checkpoint as srn-fit wrote it"}
		}
		m.Training, m.Config = &fit.Training, nil
	}
	for _, field := range []struct {
		key  string
		read func(string) error
	}{
		{"num_classes", integer(&m.NumClasses)},
		{"mean", triple(&m.Mean)},
		{"std", triple(&m.Std)},
		{"epoch", integer(&m.Epoch)},
		{"complete", func(v string) (err error) { m.Complete, err = strconv.ParseBool(v); return err }},
	} {
		v, ok := s[field.key]
		if !ok {
			continue
		}
		if err := field.read(v); err != nil {
			return m, &artifact.FormatError{Path: path, Field: fmt.Sprintf("metadata %q", field.key), Problem: fmt.Sprintf("%q cannot be read: %v", v, err)}
		}
	}
	return m, nil
}

func integer(to *int) func(string) error {
	return func(v string) (err error) { *to, err = strconv.Atoi(v); return err }
}

func triple(to *[3]float32) func(string) error {
	return func(v string) (err error) { *to, err = ParseTriple(v); return err }
}

// ParseTriple reads three numbers separated by commas, as --mean and --std
// take them.
func ParseTriple(s string) ([3]float32, error) {
	var t [3]float32
	parts := strings.Split(s, ",")
	if len(parts) != len(t) {
		return t, fmt.Errorf("want three numbers separated by commas, such as 0.485,0.456,0.406")
	}
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 32)
		if err != nil || v != v || v > 1e6 || v < -1e6 {
			return t, fmt.Errorf("%q is not a number; want three separated by commas, such as 0.485,0.456,0.406", strings.TrimSpace(p))
		}
		t[i] = float32(v)
	}
	return t, nil
}

// FormatTriple writes what ParseTriple reads, without loss.
func FormatTriple(t [3]float32) string {
	s := make([]string, len(t))
	for i, v := range t {
		s[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return strings.Join(s, ",")
}
