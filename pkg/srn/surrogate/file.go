package surrogate

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/record"
)

// Format is the metadata "format" of a surrogate's file.
const Format = "srn-surrogate/2"

// File is a surrogate as stored: what it is, what it was made for, and φ.
type File struct {
	Config
	Arch         string // of the classifiers it reads
	LayoutSHA256 string // of their parameters
	Dataset      string
	DataSHA256   string
	Rounds       int         // of meta-training
	Meta         record.Meta // its configuration
	Provenance   artifact.Provenance
	SHA256       string // of the file's uncompressed bytes, set by Load and Save
	Path         string // where it was read

	tensors *artifact.File
}

// Save writes a surrogate and its description atomically, compressed where
// path ends in .zst or is "-".
func Save(path string, s Surrogate, f *File) error {
	out, err := content(s, f)
	if err != nil {
		return err
	}
	if err := artifact.Write(path, out); err != nil {
		return err
	}
	f.SHA256 = out.SHA256
	return nil
}

// Sum is the SHA-256 that the file will have.
func Sum(s Surrogate, f *File) (string, error) {
	out, err := content(s, f)
	if err == nil {
		err = artifact.Encode(io.Discard, out)
	}
	if err != nil {
		return "", err
	}
	return out.SHA256, nil
}

// Made is how the file was made, its configuration among it.
func (f *File) Made() artifact.Provenance {
	p := f.Provenance
	p.Config = f.Meta
	return p
}

// content is what the file holds.
func content(s Surrogate, f *File) (*artifact.File, error) {
	p := f.Made()
	p.Format = Format
	metadata, err := p.Metadata()
	if err != nil {
		return nil, err
	}
	surrogate, err := record.Marshal(s.Configuration())
	if err != nil {
		return nil, err
	}
	metadata["surrogate"] = string(surrogate)
	metadata["arch"], metadata["layout_sha256"] = f.Arch, s.Target().SHA256()
	metadata["dataset"], metadata["data_sha256"] = f.Dataset, f.DataSHA256
	metadata["rounds"] = strconv.Itoa(f.Rounds)
	return &artifact.File{Metadata: metadata, Tensors: tensors(s.Layout(), s.Phi())}, nil
}

// tensors cuts a flat vector into named tensors.
func tensors(layout nn.Layout, v []float32) []artifact.Tensor {
	var list []artifact.Tensor
	for _, p := range layout {
		list = append(list, artifact.Float32(p.Name, p.Shape, v[p.Offset:p.Offset+p.Len()]))
	}
	return list
}

// Load reads a surrogate's file. What is wrong with the file is an
// *artifact.FormatError.
func Load(path string) (*File, error) {
	in, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		return nil, err
	}
	p, err := in.Provenance(path, Format)
	if err != nil {
		return nil, err
	}
	m := in.Metadata
	f := &File{Arch: m["arch"], LayoutSHA256: m["layout_sha256"], Dataset: m["dataset"], DataSHA256: m["data_sha256"],
		Provenance: p, SHA256: in.SHA256, Path: path, tensors: in}
	if err := record.Unmarshal([]byte(m["surrogate"]), &f.Config); err != nil {
		return nil, f.bad(`metadata "surrogate"`, err.Error())
	}
	if f.Meta, err = record.DecodeMeta([]byte(m["config"])); err != nil {
		return nil, f.bad(`metadata "config"`, err.Error())
	}
	if err := f.Config.Check(); err != nil {
		return nil, f.bad(`metadata "surrogate"`, err.Error())
	}
	if f.Rounds, err = strconv.Atoi(m["rounds"]); err != nil {
		return nil, f.bad(`metadata "rounds"`, fmt.Sprintf("%q is no number", m["rounds"]))
	}
	return f, nil
}

// Kind names the surrogate by what it was fitted to and its form, such as
// "gap dictionary".
func (f *File) Kind() string { return f.Meta.Objective + " " + f.Config.Surrogate }

func (f *File) bad(field, problem string) error {
	return &artifact.FormatError{Path: f.Path, Field: field, Problem: problem, Mend: "make the file again by srn-meta"}
}

// Surrogate returns the stored surrogate for networks with a layout, which
// must be that of the networks it was made for.
func (f *File) Surrogate(be device.Backend, layout nn.Layout) (Surrogate, error) {
	if got := layout.SHA256(); got != f.LayoutSHA256 {
		return nil, &artifact.FormatError{Path: f.Path, Field: `metadata "layout_sha256"`,
			Problem: fmt.Sprintf("the surrogate reads the parameters of a %s on %s, whose layout differs from this network's", f.Arch, f.Dataset),
			Mend:    "use the architecture and data set it was made for, or make another one by srn-meta"}
	}
	s, err := New(be, f.Config, layout)
	if err != nil {
		return nil, err
	}
	phi := make([]float32, s.Layout().Len())
	if err := readTensors(f.tensors, f.Path, s.Layout(), phi); err != nil {
		return nil, err
	}
	s.SetPhi(phi)
	return s, nil
}

// readTensors reads named tensors into a flat vector and refuses what is not
// finite.
func readTensors(in *artifact.File, path string, layout nn.Layout, v []float32) error {
	for _, p := range layout {
		t, err := in.Need(path, p.Name, artifact.F32, p.Shape...)
		if err != nil {
			return err
		}
		x, err := t.Float32s()
		if err != nil {
			return err
		}
		for i, e := range x {
			if x := float64(e); math.IsNaN(x) || math.IsInf(x, 0) {
				return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", p.Name),
					Problem: fmt.Sprintf("element %d is %g", i, e), Mend: "make the file again by srn-meta"}
			}
		}
		copy(v[p.Offset:], x)
	}
	return nil
}
