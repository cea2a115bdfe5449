package imageset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

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
