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
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
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

// list lists the images of a folder, sorted by path.
func (r *reader) list() ([]file, error) {
	var files []file
	passed, entries := 0, 0
	var walk func(folder string, parts []string) error
	walk = func(folder string, parts []string) error {
		list, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, e := range list {
			name := e.Name()
			if entries++; entries > maxEntries {
				return r.bad("", "give the folder of one data set", "holds more than %d files and folders", maxEntries)
			}
			if strings.HasPrefix(name, ".") || name == "__MACOSX" {
				continue
			}
			info, err := os.Stat(filepath.Join(folder, name)) // of what a link names
			if err != nil {
				return err
			}
			below := append(slices.Clone(parts), name)
			if info.IsDir() {
				if len(below) <= maxDepth {
					if err := walk(filepath.Join(folder, name), below); err != nil {
						return err
					}
				}
				continue
			}
			read, other := isImage(name)
			switch {
			case other:
				return r.bad(path.Join(below...), "convert it to PNG", "is an image of a kind that is not read")
			case !read || !info.Mode().IsRegular():
				passed++
			case len(files) == maxImages:
				return r.bad("", "give a part of it", "holds more than %d images", maxImages)
			default:
				files = append(files, file{parts: below})
			}
		}
		return nil
	}
	if err := walk(r.path, nil); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, r.nothing()
	}
	if passed > 0 {
		r.note("%d files that are no images were passed over", passed)
	}
	return files, nil
}

// nothing says what a folder without images may be instead.
func (r *reader) nothing() error {
	mend := "give a folder with train and test, in each of which there is a folder of images for every class"
	for _, known := range []struct{ file, dataset string }{
		{"data_batch_1.bin", "cifar10"}, {"data_batch_1", "cifar10"}, {"train.bin", "cifar100"},
		{"cifar10.1_v6_data.npy", CIFAR101}, {"cifar10.1_v4_data.npy", CIFAR101},
	} {
		if _, err := os.Stat(filepath.Join(r.path, known.file)); err == nil {
			mend = fmt.Sprintf("it looks like the data set %s", known.dataset)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(escape(r.path), "*.parquet")); len(found) > 0 {
		mend = "parquet files are not read: make a .npz of them (docs/pytorch.md has the lines of Python)"
	}
	return r.bad("", mend, "holds no PNG or JPEG images")
}

// escape makes a path a pattern that matches it alone.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readFiles reads and fits the images of a folder, on all processors.
func (r *reader) readFiles(files []file) error {
	sums := make([][sha256.Size]byte, len(files))
	errs := make([]error, len(files))
	var next, failed, done int64
	var lock sync.Mutex
	take := func() int {
		lock.Lock()
		defer lock.Unlock()
		if next++; failed > 0 || next > int64(len(files)) {
			return -1
		}
		return int(next - 1)
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := take(); i >= 0; i = take() {
				var b []byte
				if b, errs[i] = r.readFile(files[i].path()); errs[i] == nil {
					sums[i] = sha256.Sum256(b)
					files[i].pixels, errs[i] = r.fitted(files[i].path(), b)
				}
				lock.Lock()
				if errs[i] != nil {
					failed++
				}
				if done++; r.o.Progress != nil {
					r.o.Progress(done, int64(len(files)))
				}
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	manifest := sha256.New()
	for i, f := range files {
		fmt.Fprintf(manifest, "%x  %s\n", sums[i], f.path())
	}
	r.set.Source.SHA256 = hex.EncodeToString(manifest.Sum(nil))
	return nil
}

func (r *reader) readFile(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(r.path, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return r.limited(name, f)
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
