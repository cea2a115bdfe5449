package lineage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/trace"
)

// kindOf takes a file for what its name says; content that is something else
// is an error of reading.
func kindOf(path string) Kind {
	name := strings.TrimSuffix(filepath.Base(path), ".zst")
	switch filepath.Ext(name) {
	case ".jsonl":
		return Records
	case ".safetensors":
		return Tensors
	case ".html", ".md", ".tex":
		return Report
	}
	return Other
}

// load reads a file and what it says of its making. What is wrong with its
// content is a problem of the file; failures of the operating system are
// errors.
func open(path string) (*File, error) {
	f := &File{Path: path, Kind: kindOf(path)}
	var err error
	switch f.Kind {
	case Records:
		err = f.records()
	case Tensors:
		err = f.tensors()
	case Report:
		err = f.report()
	default:
		f.SHA256, err = artifact.HashFile(path)
	}
	var format *artifact.FormatError
	if errors.As(err, &format) {
		f.problem("damaged: %s", strings.TrimPrefix(format.Error(), path+": "))
		if f.SHA256 == "" {
			f.SHA256, _ = artifact.HashFile(path)
		}
		return f, nil
	}
	return f, err
}

func (f *File) problem(format string, a ...any) {
	f.Problems = append(f.Problems, fmt.Sprintf(format, a...))
}

// records reads the headers of all streams.
func (f *File) records() error {
	streams, sum, err := artifact.HashRecords(f.Path)
	if err != nil {
		return err
	}
	f.streams, f.SHA256 = streams, sum
	for i, s := range streams {
		f.made(s.Header.Tool, s.Header.Version)
		f.Seeds = append(f.Seeds, s.Header.Seed)
		for _, in := range s.Header.Inputs {
			f.from(in.Name, in.Path, in.SHA256)
		}
		which := ""
		if len(streams) > 1 {
			which = fmt.Sprintf("stream %d ", i+1)
		}
		switch {
		case !s.Complete:
			f.problem("%sis not complete: it has no end record", which)
		case s.Status != "" && s.Status != "ok":
			f.problem("%sended as %s", which, s.Status)
		}
		for _, r := range s.Records {
			switch made := r.(type) {
			case *record.Final:
				f.outputs = append(f.outputs, made.CheckpointSHA256)
			case *record.Surrogate:
				f.outputs = append(f.outputs, made.SurrogateSHA256)
			}
			subject, ok := load.SubjectOf(r)
			if sum := subject.CheckpointSHA256; ok && sum != "" && !slices.ContainsFunc(s.Header.Inputs, func(in record.Input) bool { return in.SHA256 == sum }) {
				f.problem("a record of type %q is of a checkpoint (%.12s) that its header does not name", r.Type(), sum)
				break
			}
		}
	}
	return nil
}

// tensors reads the metadata of a file that an srn command wrote; others have
// no more to tell than their hash.
func (f *File) tensors() error {
	t, err := artifact.Read(f.Path, artifact.Limits{})
	if err != nil {
		return err
	}
	f.SHA256 = t.SHA256
	format := t.Metadata["format"]
	if format == "" {
		f.problem("tells nothing of its making: no srn command wrote it")
		return nil
	}
	f.Format = format
	p, err := t.Provenance(f.Path, format)
	if err != nil {
		return err
	}
	f.made(p.Tool, p.Version)
	var seed int64
	if _, err := fmt.Sscan(t.Metadata["seed"], &seed); err == nil {
		f.Seeds = append(f.Seeds, seed)
	}
	for _, in := range p.Inputs {
		name := in.Name
		if strings.HasPrefix(format, "srn-data/") {
			name = "archive"
		}
		f.from(name, in.Path, in.SHA256)
	}
	if t.Metadata["complete"] == "false" {
		f.Notes = append(f.Notes, fmt.Sprintf("of epoch %s of %s", t.Metadata["epoch"], t.Metadata["epochs"]))
	}
	return nil
}

// report reads the line by which a report names what it was made from.
func (f *File) report() error {
	b, err := os.ReadFile(f.Path)
	if err != nil {
		return err
	}
	if f.SHA256, err = artifact.HashFile(f.Path); err != nil {
		return err
	}
	h, ok := trace.Find(string(b))
	if !ok {
		f.Kind = Other
		f.Notes = append(f.Notes, "no report of srn-report, or of an older one")
		return nil
	}
	f.made(h.Tool, h.Version)
	for _, in := range h.Inputs {
		f.from(in.Name, in.Path, in.SHA256)
	}
	return nil
}

func (f *File) made(tool, version string) {
	if tool != "" && !slices.Contains(f.Makers, Maker{tool, version}) {
		f.Makers = append(f.Makers, Maker{tool, version})
	}
}

// from adds an input, once.
func (f *File) from(name, path, sum string) {
	if sum == "" || slices.ContainsFunc(f.Links, func(l *Link) bool { return l.SHA256 == sum && l.Name == name }) {
		return
	}
	f.Links = append(f.Links, &Link{Name: name, Path: path, SHA256: sum})
}
