package imageset

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// unpack reads the images of a tar archive, compressed by gzip or not.
func (r *reader) unpack() ([]file, error) {
	var in io.Reader = os.Stdin
	if r.path != "-" {
		f, err := os.Open(r.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	sum := sha256.New()
	raw := bufio.NewReaderSize(io.TeeReader(in, sum), 1<<20)
	head, err := raw.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", r.path, err)
	}
	const mend = "give a folder of class folders, or a .tar or .tar.gz of one"
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return nil, r.bad("", "unpack it and give the folder", "is a zip archive, which is not read")
	}
	unpacked := io.Reader(raw)
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, r.bad("", mend, "is no archive: %v", err)
		}
		unpacked = z
	}
	var files []file
	limited := &io.LimitedReader{R: unpacked, N: maxArchive}
	archive := tar.NewReader(limited)
	for entries := 0; ; entries++ {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if entries == 0 {
				return nil, r.bad("", mend, "is no tar archive")
			}
			return nil, r.bad("", "get it again", "ends too early or is damaged: %v", err)
		}
		name := path.Clean(h.Name)
		read, other := isImage(name)
		switch {
		case entries == maxEntries || len(files) == maxImages:
			return nil, r.bad("", "give a part of it", "holds more than %d members or %d images", maxEntries, maxImages)
		case h.Typeflag != tar.TypeReg || strings.HasPrefix(path.Base(name), "."):
			continue
		case other:
			return nil, r.bad(name, "convert it to PNG", "is an image of a kind that is not read")
		case !read:
			continue
		}
		b, err := r.limited(name, archive)
		if err != nil {
			return nil, r.damaged(name, err)
		}
		fit, err := r.fitted(name, b)
		if err != nil {
			return nil, err
		}
		parts := slices.DeleteFunc(strings.Split(name, "/"), func(p string) bool { return p == "" || p == ".." || p == "." })
		files = append(files, file{parts, fit})
		if r.o.Progress != nil && len(files)%100 == 0 {
			r.o.Progress(int64(len(files)), 0)
		}
	}
	for _, rest := range []io.Reader{limited, raw} {
		if _, err := io.Copy(io.Discard, rest); err != nil {
			return nil, r.damaged("", err)
		}
	}
	if len(files) == 0 {
		return nil, r.bad("", mend, "holds no PNG or JPEG images")
	}
	slices.SortFunc(files, func(a, b file) int { return slices.Compare(a.parts, b.parts) })
	r.set.Source.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return files, nil
}

// damaged turns an error of reading an archive into one about its content, but
// for the operating system's.
func (r *reader) damaged(name string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return err
	}
	return r.bad(name, "get it again", "ends too early or is damaged: %v", err)
}
