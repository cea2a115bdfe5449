// Package cifar reads CIFAR-10 and CIFAR-100 (Krizhevsky 2009) as their author
// publishes them: the binary and the python version, as an archive (.tar.gz or
// .tar) or unpacked.
//
// Archives and versions are told apart by what they hold, not by their names.
// Members of an archive are read as streams and never written anywhere. The
// python version is pickled; only the few opcodes that its files use are
// understood, see the pickle decoder. Whatever a file claims, memory and work
// stay bounded.
package cifar

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"srn/pkg/artifact"
)

// Size is the height and width of an image, Pixels the bytes of one.
const (
	Size   = 32
	Pixels = Size * Size * 3
)

// Set is a data set as read.
type Set struct {
	Name          string   // cifar10 or cifar100
	Classes       []string // names by label
	CoarseClasses []string // of CIFAR-100's superclasses
	Train, Test   Part     // in the order of the official files
	Source        Source
}

// Part is a list of images with their labels.
type Part struct {
	Pixels []byte  // N × 32 × 32 × 3, rows from the top, channels red, green, blue
	Labels []int32 // N
	Coarse []int32 // N, superclasses of CIFAR-100, else nil
}

// Len is the number of images.
func (p *Part) Len() int { return len(p.Labels) }

// Source says where a data set came from.
type Source struct {
	Path string
	// SHA256 is the hash of an archive's bytes. Of a folder it is the hash of
	// the lines "SHA256  NAME" of the files read, sorted by name, as sha256sum
	// prints them.
	SHA256 string
	Format string // binary or python
	// Verified is the name of the official archive or folder that this is,
	// by the hashes its author and others published, or empty.
	Verified string
	Notes    []string // what a user should know, such as missing images
}

// Options say what to read and how.
type Options struct {
	Dataset string // cifar10 or cifar100
	// AllowPartial accepts other numbers of images than the official ones.
	AllowPartial bool
	// Progress, if any, is told the bytes read so far and the total, which is
	// 0 where it is not known.
	Progress func(done, total int64)
}

// Read reads the data set at path: an archive, "-" for an archive on the
// standard input, a folder that holds the unpacked files, or the parent of
// such a folder. What is wrong with the content is reported as an
// [artifact.FormatError].
func Read(path string, o Options) (*Set, error) {
	i := slices.IndexFunc(layouts, func(l *layout) bool { return l.name == o.Dataset })
	if i < 0 {
		return nil, fmt.Errorf("no data set %q, want cifar10 or cifar100", o.Dataset)
	}
	c := newCollector(path, o, layouts[i])
	var err error
	switch info, statErr := stat(path); {
	case statErr != nil:
		return nil, statErr
	case path == "-":
		err = c.readArchive(os.Stdin, 0)
	case info.IsDir():
		err = c.readFolder()
	default:
		var f *os.File
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
		defer f.Close()
		err = c.readArchive(f, info.Size())
	}
	if err != nil {
		return nil, err
	}
	return c.finish()
}

func stat(path string) (fs.FileInfo, error) {
	if path == "-" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, formatError(path, "", "is neither a file nor a folder", "give an archive or a folder with the unpacked files")
	}
	return info, err
}

// formatError reports what is wrong with a file, in which member or field,
// and how to mend it.
func formatError(path, field, problem, mend string) error {
	return &artifact.FormatError{Path: path, Field: field, Problem: problem, Mend: mend}
}

// acceptable reports what is wrong, but can be accepted.
func acceptable(path, field, problem, mend string) error {
	return &artifact.FormatError{Path: path, Field: field, Problem: problem, Mend: mend + ", or accept what is there", Setting: "allow-partial"}
}

// finish joins what was collected and checks that it is all there.
func (c *collector) finish() (*Set, error) {
	l := c.layout
	if c.members == 0 {
		problem := "holds no file of " + l.title
		mend := fmt.Sprintf("give %s or a folder with its files", l.archives())
		if c.other != "" {
			return nil, &artifact.FormatError{Path: c.path, Problem: problem + " but files of " + c.other,
				Mend: mend + ", or choose " + c.other, Setting: "dataset"}
		}
		return nil, formatError(c.path, "", problem, mend)
	}
	set := &Set{Name: l.name, Classes: c.classes, CoarseClasses: c.coarse, Source: c.source}
	if set.Classes == nil {
		set.Classes = slices.Clone(l.classes)
	}
	if set.CoarseClasses == nil {
		set.CoarseClasses = slices.Clone(l.coarse)
	}
	var missing []string
	for i, p := range c.parts {
		switch {
		case p == nil:
			missing = append(missing, l.files[i].name)
		case l.files[i].test:
			set.Test = *p
		}
	}
	if len(missing) > 0 && !c.options.AllowPartial {
		return nil, acceptable(c.path, missing[0], "is missing", "get the whole data set again")
	}
	set.Train = c.join()
	for _, e := range []struct {
		name string
		part *Part
		want int
	}{{"training", &set.Train, l.train()}, {"test", &set.Test, l.test()}} {
		n := e.part.Len()
		if n == 0 {
			return nil, formatError(c.path, "", fmt.Sprintf("has no %s images", e.name), "get the whole data set again")
		}
		if n != e.want {
			c.note("%d %s images, not the official %d", n, e.name, e.want)
		}
	}
	if len(missing) > 0 {
		c.note("without %s", strings.Join(missing, ", "))
	}
	set.Source.Notes = c.source.Notes
	return set, nil
}
