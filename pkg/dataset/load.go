package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
)

const remake = "make it again by srn-split"

// Load reads a dataset file and checks all of it: shapes, labels, indices and
// constants. What is wrong is reported as an [artifact.FormatError].
func Load(path string) (*Data, error) {
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		return nil, err
	}
	l := loader{path: path, file: f}
	d := &Data{SHA256: f.SHA256}
	if err := l.load(d); err != nil {
		var bad *artifact.FormatError
		if errors.As(err, &bad) {
			if bad.Path == "" {
				bad.Path = path
			}
			if bad.Mend == "" {
				bad.Mend = remake
			}
		}
		return nil, err
	}
	return d, nil
}

type loader struct {
	path string
	file *artifact.File
}

func (l *loader) load(d *Data) error {
	if _, err := l.file.Provenance(l.path, Format); err != nil {
		return err
	}
	m := l.file.Metadata
	d.Name = m["dataset"]
	d.SourceSHA256 = m["source_sha256"]
	var err error
	if text, ok := m["official"]; ok {
		official, err := strconv.ParseBool(text)
		if err != nil {
			return l.bad(`metadata "official"`, "is %.100q, neither true nor false", text)
		}
		d.Official = &official
	}
	if d.Classes, err = l.names("classes"); err != nil {
		return err
	}
	if len(d.Classes) < 2 {
		return l.bad(`metadata "classes"`, "has %d names, want at least 2", len(d.Classes))
	}
	if _, ok := m["coarse_classes"]; ok {
		if d.CoarseClasses, err = l.names("coarse_classes"); err != nil {
			return err
		}
	}
	if d.Mean, err = l.floats("mean", 0); err != nil {
		return err
	}
	if d.Std, err = l.floats("std", math.SmallestNonzeroFloat32); err != nil {
		return err
	}
	if d.ValFraction, err = strconv.ParseFloat(m["val_fraction"], 64); err != nil {
		return l.bad(`metadata "val_fraction"`, "is %.100q, no number", m["val_fraction"])
	}
	if d.Seed, err = strconv.ParseUint(m["seed"], 10, 64); err != nil {
		return l.bad(`metadata "seed"`, "is %.100q, no whole number", m["seed"])
	}
	for key, n := range d.Twins.counts() {
		if text, ok := m[key]; ok {
			if *n, err = strconv.Atoi(text); err != nil || *n < 0 {
				return l.bad(fmt.Sprintf("metadata %q", key), "is %.100q, no count", text)
			}
		}
	}
	if d.Noise, err = l.noise(); err != nil {
		return err
	}
	if d.Train, err = l.split(d, "train"); err != nil {
		return err
	}
	if d.Test, err = l.split(d, "test"); err != nil {
		return err
	}
	return l.parts(d)
}

func (l *loader) bad(field, problem string, a ...any) error {
	return &artifact.FormatError{Path: l.path, Field: field, Problem: fmt.Sprintf(problem, a...), Mend: remake}
}

func (l *loader) names(key string) (names []string, err error) {
	if json.Unmarshal([]byte(l.file.Metadata[key]), &names) != nil {
		err = l.bad(fmt.Sprintf("metadata %q", key), "is %.100q, no list of names", l.file.Metadata[key])
	}
	return names, err
}

// floats reads three numbers of at least the lowest.
func (l *loader) floats(key string, lowest float64) (v [3]float32, err error) {
	text := l.file.Metadata[key]
	parts := strings.Split(text, ",")
	for i, part := range parts {
		x, err := strconv.ParseFloat(part, 32)
		if err != nil || len(parts) != 3 || !(x >= lowest) || math.IsInf(x, 0) {
			return v, l.bad(fmt.Sprintf("metadata %q", key), "is %.100q, want three numbers by commas", text)
		}
		v[i] = float32(x)
	}
	return v, nil
}

// noise reads what is said of wrong labels, if anything is.
func (l *loader) noise() (n Noise, err error) {
	m := l.file.Metadata
	if n.Kind = m["label_noise"]; n.Kind == "" {
		return n, nil
	}
	if !slices.Contains(NoiseKinds, n.Kind) {
		return n, l.bad(`metadata "label_noise"`, "is %.100q, none of %v", n.Kind, NoiseKinds)
	}
	if n.Rate, err = strconv.ParseFloat(m["label_noise_rate"], 64); err != nil || !(n.Rate >= 0 && n.Rate <= 1) {
		return n, l.bad(`metadata "label_noise_rate"`, "is %.100q, not from 0 to 1", m["label_noise_rate"])
	}
	if n.Seed, err = strconv.ParseUint(m["label_noise_seed"], 10, 64); err != nil {
		return n, l.bad(`metadata "label_noise_seed"`, "is %.100q, no whole number", m["label_noise_seed"])
	}
	return n, nil
}

func (l *loader) split(d *Data, name string) (s Split, err error) {
	images, err := l.file.Need(l.path, name+"_images", artifact.U8, -1, Size, Size, 3)
	if err != nil {
		return s, err
	}
	s.Pixels = images.Data
	n := images.Shape[0]
	if n == 0 {
		return s, l.bad(fmt.Sprintf("tensor %q", images.Name), "has no images")
	}
	if s.Labels, err = l.indices(name+"_labels", n, len(d.Classes)); err != nil {
		return s, err
	}
	if d.CoarseClasses != nil {
		s.Coarse, err = l.indices(name+"_coarse_labels", n, len(d.CoarseClasses))
	}
	return s, err
}

// indices reads n numbers from 0 to limit-1; any number of them if n is -1.
func (l *loader) indices(name string, n, limit int) ([]int32, error) {
	t, err := l.file.Need(l.path, name, artifact.I32, n)
	if err != nil {
		return nil, err
	}
	v, err := t.Int32s()
	if err != nil {
		return nil, err
	}
	for i, x := range v {
		if x < 0 || int(x) >= limit {
			return nil, l.bad(fmt.Sprintf("tensor %q", name), "element %d is %d, not 0 to %d", i, x, limit-1)
		}
	}
	return v, nil
}

// parts reads the indices for fitting and validation, which must not meet.
func (l *loader) parts(d *Data) (err error) {
	if d.MetaTrain, err = l.indices("meta_train", -1, d.Train.Len()); err != nil {
		return err
	}
	if d.MetaVal, err = l.indices("meta_val", -1, d.Train.Len()); err != nil {
		return err
	}
	used := make([]bool, d.Train.Len())
	for _, e := range []struct {
		name    string
		indices []int32
	}{{"meta_train", d.MetaTrain}, {"meta_val", d.MetaVal}} {
		for _, i := range e.indices {
			if used[i] {
				return l.bad(fmt.Sprintf("tensor %q", e.name), "has image %d, which the split has already", i)
			}
			used[i] = true
		}
	}
	return nil
}
