package imageset

import (
	"io"
	"os"
	"path"
	"strings"
)

// file is an image by its place below the folder or in the archive.
type file struct {
	parts  []string // of its path
	pixels []byte   // once read
}

func (f file) path() string { return path.Join(f.parts...) }

const (
	maxFile    = 64 << 20 // bytes of an image file
	maxDepth   = 4        // folders below the one given
	maxEntries = 2_000_000
	maxArchive = 16 << 30 // uncompressed
)

// isImage tells by a file's name whether it is read, and whether it is an image
// of a kind that is not.
func isImage(name string) (read, other bool) {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg":
		return true, false
	case ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".heic", ".jxl":
		return false, true
	}
	return false, false
}

// images reads a folder or archive of class folders.
func (r *reader) images() error {
	info, err := os.Stat(r.path)
	if r.path != "-" && err != nil {
		return err
	}
	var files []file
	if r.path == "-" || info.Mode().IsRegular() {
		files, err = r.unpack()
	} else if info.IsDir() {
		files, err = r.list()
	} else {
		err = r.bad("", "give a folder or an archive of it", "is neither a file nor a folder")
	}
	if err != nil {
		return err
	}
	classes, parts, err := r.layout(files)
	if err != nil {
		return err
	}
	r.set.Classes = classes
	if r.set.Source.SHA256 == "" { // a folder, whose files are still to be read
		if err := r.readFiles(files); err != nil {
			return err
		}
	}
	for _, p := range parts {
		p.to.Pixels = make([]byte, 0, len(p.files)*pixels)
		for _, i := range p.files {
			p.to.Pixels = append(p.to.Pixels, files[i].pixels...)
			files[i].pixels = nil
		}
		p.to.Labels = p.labels
	}
	return nil
}

// limited reads an image file.
func (r *reader) limited(name string, from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = r.bad(name, "", "takes more than %d bytes, too much for an image", maxFile)
	}
	return b, err
}

// fitted gives the pixels of an image file.
func (r *reader) fitted(name string, b []byte) ([]byte, error) {
	p, err := decode(b)
	if err != nil {
		return nil, r.bad(name, "remove it or get it again", "%v", err)
	}
	fit, err := p.fit(r.o.Resize)
	if err != nil {
		return nil, r.badSize(name, p, err)
	}
	return fit, nil
}

// badSize refuses an image of another size, with what would make it 32×32.
func (r *reader) badSize(name string, p *picture, err error) error {
	how := Area
	if p.h <= size && p.w <= size {
		how = Pad
	}
	bad := r.bad(name, "", "%v", err)
	return &SizeError{bad, how}
}

// SizeError is a FormatError about an image's size, which a way of resizing
// would mend.
type SizeError struct {
	Err  error
	Mend Resize
}

func (e *SizeError) Error() string { return e.Err.Error() }
func (e *SizeError) Unwrap() error { return e.Err }
