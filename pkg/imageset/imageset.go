// Package imageset reads images with labels as people have them: folders of
// PNG and JPEG files, one for each class, or archives of such folders, CINIC-10
// among them; and arrays in NumPy's files, CIFAR-10.1 among them.
//
// Images of 32×32 pixels are taken as they are, grey ones in three equal
// channels. Others are refused unless the user says how they become so, but
// that 28×28 ones, MNIST's size, get a black border of 2 pixels.
package imageset

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/cifar"
	"srn/pkg/dataset"
)

// The kinds of data sets.
const (
	Folder   = "folder"
	Arrays   = "npz"
	CINIC10  = "cinic10"
	CIFAR101 = "cifar10.1"
)

// Set is a data set as read. A part that it does not have is empty.
type Set struct {
	Name               string
	Classes            []string // names by label
	Train, Valid, Test dataset.Split
	Source             cifar.Source
}

// Options say what to read and how.
type Options struct {
	Kind string // Folder, Arrays, CINIC10 or CIFAR101
	// Resize makes images of other sizes 32×32: see the constants.
	Resize Resize
	// AllowPartial accepts other numbers of images than a known set has.
	AllowPartial bool
	// Progress, if any, is told how many images are done, of how many.
	Progress func(done, total int64)
}

// maxImages bounds a data set, whose file takes up to 4 GiB.
const maxImages = 1_300_000

// Read reads the data set at path. What is wrong with the content is an
// *[artifact.FormatError].
func Read(path string, o Options) (*Set, error) {
	r := &reader{path: path, o: o}
	r.set.Source = cifar.Source{Path: path, Format: o.Kind}
	r.set.Name = o.Kind
	var err error
	switch o.Kind {
	case Folder:
		r.set.Name = nameOf(path)
		err = r.images()
	case CINIC10:
		if err = r.images(); err == nil {
			err = r.checkCINIC10()
		}
	case Arrays:
		r.set.Name = nameOf(path)
		err = r.arrays()
	case CIFAR101:
		err = r.cifar101()
	default:
		err = fmt.Errorf("no kind of data set %q", o.Kind)
	}
	if err != nil {
		return nil, err
	}
	return &r.set, nil
}

// Looks says of which kind a file or folder is by the first names in it, the
// empty string if of none.
func Looks(path string) string {
	switch {
	case strings.HasSuffix(path, ".npz"):
		return Arrays
	case strings.HasPrefix(filepath.Base(path), "CINIC-10"):
		return CINIC10
	}
	looked, found := 0, false
	filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if looked++; err != nil || looked > 1000 {
			return fs.SkipAll
		}
		if read, _ := isImage(e.Name()); read && !e.IsDir() {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	if found {
		return Folder
	}
	return ""
}

// nameOf is a data set's name by that of its file or folder.
func nameOf(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	name := filepath.Base(abs)
	for _, suffix := range []string{".npz", ".gz", ".tgz", ".tar"} {
		name = strings.TrimSuffix(name, suffix)
	}
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, name)
	if len(clean) > 60 {
		clean = clean[:60]
	}
	if clean == "" || clean == "." {
		return Folder
	}
	return clean
}

// reader reads one data set.
type reader struct {
	path string
	o    Options
	set  Set
}

func (r *reader) note(format string, a ...any) {
	r.set.Source.Notes = append(r.set.Source.Notes, fmt.Sprintf(format, a...))
}

// bad reports what is wrong with a file of the data set, and what to do.
func (r *reader) bad(field, mend, problem string, a ...any) error {
	return &artifact.FormatError{Path: r.path, Field: field, Problem: fmt.Sprintf(problem, a...), Mend: mend}
}

// Data is the set as experiments take it: the training images, followed by
// those for validation, and the test images.
func (s *Set) Data() *dataset.Data {
	train := s.Train
	if s.Valid.Len() > 0 {
		train.Pixels = append(train.Pixels, s.Valid.Pixels...)
		train.Labels = append(train.Labels, s.Valid.Labels...)
	}
	return &dataset.Data{Name: s.Name, Classes: s.Classes, Train: train, Test: s.Test, SourceSHA256: s.Source.SHA256}
}
