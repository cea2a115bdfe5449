package cifar

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"srn/pkg/pickle"
)

// Limits on what is read, well above the official files.
const (
	maxImagesFile = 256 << 20
	maxNamesFile  = 1 << 20
	maxUnpacked   = 1 << 30 // all of an archive
	maxMembers    = 10_000
)

// collector gathers the files of one data set from wherever they come.
type collector struct {
	path    string
	options Options
	layout  *layout

	parts           []*Part // by index of layout.files
	train           []byte  // pixels of official training files, see space
	classes, coarse []string
	members         int    // images files seen
	other           string // another data set that files were seen of
	source          Source
}

func newCollector(path string, o Options, l *layout) *collector {
	return &collector{path: path, options: o, layout: l, parts: make([]*Part, len(l.files))}
}

func (c *collector) note(format string, a ...any) {
	c.source.Notes = append(c.source.Notes, fmt.Sprintf(format, a...))
}

// member takes one file if it belongs to the data set. Size is what the
// folder or archive says; r may end earlier.
func (c *collector) member(name string, size int64, r io.Reader) error {
	index := c.layout.find(name)
	if index < 0 {
		if c.layout.isNames(name) {
			return c.names(name, size, r)
		}
		for _, l := range layouts {
			if l != c.layout && l.find(name) >= 0 {
				c.other = l.name
			}
		}
		return nil
	}
	if size > maxImagesFile {
		return c.bad(name, fmt.Sprintf("claims %d bytes, more than any file of the data set has", size), "download it again")
	}
	if c.parts[index] != nil {
		return c.bad(name, "occurs twice", "leave one version of the data set in it")
	}
	buffered := bufio.NewReaderSize(r, 1<<16)
	format, read := "binary", c.readBinary
	if pickled(buffered) {
		format, read = "python", c.readPython
	}
	if c.source.Format == "" {
		c.source.Format = format
	}
	if c.source.Format != format {
		return c.bad(name, "is of the "+format+" version, others of the "+c.source.Format+" one", "leave one version of the data set in it")
	}
	part, err := read(index, name, size, buffered)
	if err != nil {
		return err
	}
	file := c.layout.files[index]
	if n := part.Len(); n != file.images && !c.options.AllowPartial {
		return acceptable(c.path, name, fmt.Sprintf("holds %d images, not %d as the official file", n, file.images), "download it again")
	}
	c.parts[index] = part
	c.members++
	return nil
}

// pickled tells whether a file is a pickle rather than records, which begin
// with a label: a pickled dictionary begins with none of the labels there are.
func pickled(r *bufio.Reader) bool {
	head, _ := r.Peek(2)
	return len(head) == 2 && (head[0] == 0x80 || head[0] == '}' || string(head) == "(d")
}

// readBinary reads records of one or two label bytes and 3072 pixel bytes.
func (c *collector) readBinary(index int, name string, size int64, r io.Reader) (*Part, error) {
	labels := c.layout.labels
	record := labels + Pixels
	if size%int64(record) != 0 {
		return nil, c.bad(name, fmt.Sprintf("its %d bytes are no whole number of records of %d", size, record), "it is cut short or of another data set: download it again")
	}
	n := int(size) / record
	part := &Part{Pixels: c.space(index, n), Labels: make([]int32, 0, n)}
	buf := make([]byte, 64*record)
	for part.Len() < n {
		chunk := buf[:min(n-part.Len(), 64)*record]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, c.damaged(name, err)
		}
		for ; len(chunk) > 0; chunk = chunk[record:] {
			at := part.Len() * Pixels
			interleave((*[Pixels]byte)(part.Pixels[at:]), (*[Pixels]byte)(chunk[labels:]))
			if labels == 2 {
				part.Coarse = append(part.Coarse, int32(chunk[0]))
			}
			part.Labels = append(part.Labels, int32(chunk[labels-1]))
		}
	}
	return part, c.checkLabels(name, part)
}

// interleave turns an image of three planes into one of pixels.
func interleave(dst, src *[Pixels]byte) {
	const plane = Size * Size
	r, g, b := (*[plane]byte)(src[:]), (*[plane]byte)(src[plane:]), (*[plane]byte)(src[2*plane:])
	for i := range plane {
		dst[3*i], dst[3*i+1], dst[3*i+2] = r[i], g[i], b[i]
	}
}

func (c *collector) checkLabels(name string, p *Part) error {
	for _, e := range []struct {
		labels  []int32
		classes int
	}{{p.Labels, len(c.layout.classes)}, {p.Coarse, len(c.layout.coarse)}} {
		for i, v := range e.labels {
			if v < 0 || int(v) >= e.classes {
				return c.bad(name, fmt.Sprintf("image %d has label %d, not 0 to %d", i, v, e.classes-1), "it is damaged or of another data set: download it again")
			}
		}
	}
	return nil
}

// names reads class names: a text file with one a line, or pickled.
func (c *collector) names(name string, size int64, r io.Reader) error {
	if size > maxNamesFile {
		return c.bad(name, fmt.Sprintf("claims %d bytes, too many for class names", size), "download it again")
	}
	content, err := io.ReadAll(io.LimitReader(r, maxNamesFile))
	if err != nil {
		return c.damaged(name, err)
	}
	l := c.layout
	if path.Base(name) == l.meta {
		dict, err := unpickle(bytes.NewReader(content), size)
		if err != nil {
			return c.badPickle(name, err)
		}
		list := func(key string) []string {
			v, _ := dict.Get(key)
			names, _ := pickle.Strings(v)
			return names
		}
		if c.classes, err = c.checkNames(name, list(l.namesKey), len(l.classes)); err == nil && l.coarseNames != "" {
			c.coarse, err = c.checkNames(name, list(l.coarseNames), len(l.coarse))
		}
		return err
	}
	lines := strings.FieldsFunc(string(content), func(r rune) bool { return r == '\n' || r == '\r' })
	if path.Base(name) == l.coarseFile {
		c.coarse, err = c.checkNames(name, lines, len(l.coarse))
	} else {
		c.classes, err = c.checkNames(name, lines, len(l.classes))
	}
	return err
}

func (c *collector) checkNames(file string, names []string, want int) ([]string, error) {
	if len(names) != want {
		return nil, c.bad(file, fmt.Sprintf("has %d class names, not %d", len(names), want), "download it again, or remove it to use the official names")
	}
	for i, s := range names {
		if s == "" || len(s) > 100 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || slices.Contains(names[:i], s) {
			return nil, c.bad(file, fmt.Sprintf("class name %d, %.100q, is empty, too long, a repetition or no text", i, s), "download it again, or remove it to use the official names")
		}
	}
	return names, nil
}

// bad reports what is wrong with a member.
func (c *collector) bad(name, problem, mend string) error {
	return formatError(c.path, name, problem, mend)
}

// damaged turns an error met while reading into one about the content, where
// it is about the content.
func (c *collector) damaged(name string, err error) error {
	const mend = "it is cut short or damaged: download it again"
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return formatError(c.path, name, "ends too early", mend)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, tar.ErrHeader),
		errors.As(err, &corrupt), errors.Is(err, errTooLarge):
		return formatError(c.path, name, err.Error(), mend)
	}
	return fmt.Errorf("%s: %w", c.path, err)
}
