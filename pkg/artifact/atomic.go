package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// WriteFileAtomic writes a file by write so that under its final name there is
// either what was before or the whole new content: it fills a temporary file
// in the same folder, syncs it, renames it and syncs the folder. After a
// failure nothing is left. Permissions follow the umask. A symbolic link is
// followed, so that the file it names is replaced. What is not a regular file
// (a pipe, /dev/stdout) is written directly, and so is "-", standard output.
func WriteFileAtomic(path string, write func(io.Writer) error) error {
	return writeFile(path, false, write)
}

// writeFile is WriteFileAtomic; binary content is refused to a terminal.
func writeFile(path string, binary bool, write func(io.Writer) error) error {
	out := os.Stdout
	if path != stdio {
		target, direct, err := resolve(path)
		if err != nil {
			return err
		}
		if !direct {
			f, err := replace(target, func(f *os.File) error { return buffered(f, write) })
			if err != nil {
				return err
			}
			return f.Close()
		}
		if out, err = openDirect(target); err != nil {
			return err
		}
		defer out.Close()
	}
	if binary && term.IsTerminal(int(out.Fd())) {
		return errors.New("it is a terminal, which cannot show binary data; name a file by -o or redirect the output")
	}
	return buffered(out, write)
}

// CheckOutput returns the error that writing to path, and to names beside it
// with the suffixes given, would meet now: a folder that is not there or cannot
// be written to, a name that is too long. Commands call it before long work.
func CheckOutput(path string, suffixes ...string) error {
	if path == stdio || path == "" {
		return nil
	}
	target, direct, err := resolve(path)
	if err != nil || direct {
		return err
	}
	for _, s := range suffixes {
		if _, err := os.Lstat(target + s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: a file with %s after its name is written beside it: %w", path, s, errors.Unwrap(err))
		}
	}
	f, err := createTemp(target)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// outputName is how messages name an output.
func outputName(path string) string {
	if path == stdio {
		return "standard output"
	}
	return path
}

func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 256<<10)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}

// replace gives target the content that fill writes, and returns the file
// still open for writing. A file that was there passes on its permissions.
func replace(target string, fill func(*os.File) error) (_ *os.File, err error) {
	f, err := createTemp(target)
	if err != nil {
		return nil, err
	}
	done := false
	defer func() { // also when fill panics
		if !done {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if was, err := os.Stat(target); err == nil {
		_ = f.Chmod(was.Mode().Perm()) // some file systems have no permissions
	}
	if err := fill(f); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return nil, err
	}
	done = true
	if err := syncFolder(filepath.Dir(target)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// tempSuffix ends the names of temporary files, which begin with tempPrefix and
// have eight random digits between.
const tempSuffix = ".tmp"

func tempPrefix(target string) string {
	folder, base := filepath.Split(target)
	return folder + "." + base[:min(len(base), 200)] + "." // names have at most 255 bytes
}

// createTemp creates a file beside target and locks it, and removes those that
// killed processes left there. Unlike os.CreateTemp it leaves the permissions
// to the umask.
func createTemp(target string) (*os.File, error) {
	removeStale(target)
	var err error
	for range 100 {
		name := fmt.Sprintf("%s%08x%s", tempPrefix(target), rand.Uint32(), tempSuffix)
		var f *os.File
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the folder %s does not exist; make it first", filepath.Dir(target))
		}
		if err != nil {
			return nil, err
		}
		if lock(f) && named(f, f.Name()) {
			return f, nil
		}
		f.Close() // another process has just taken it for stale
		err = fs.ErrExist
	}
	return nil, err
}

// named tells whether an open file has a name.
func named(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

// openDirect opens what is not a regular file for writing. An open file of
// this process, such as /dev/stdout, is written where it stands, as "-" is.
func openDirect(target string) (*os.File, error) {
	for _, folder := range []string{"/proc/self/fd/", fmt.Sprintf("/proc/%d/fd/", os.Getpid()), "/dev/fd/"} {
		if number, ours := strings.CutPrefix(target, folder); ours {
			if n, err := strconv.Atoi(number); err == nil {
				fd, err := syscall.Dup(n)
				if err != nil {
					return nil, &fs.PathError{Op: "open", Path: target, Err: err}
				}
				return os.NewFile(uintptr(fd), target), nil
			}
		}
	}
	return os.OpenFile(target, os.O_WRONLY|os.O_APPEND, 0)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems have no sync of folders.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// resolve follows symbolic links to the file that path stands for, which need
// not exist. Direct says that it must not be replaced, being no regular file.
func resolve(path string) (target string, direct bool, err error) {
	if path == "" {
		return "", false, errors.New("the output's name is empty")
	}
	target = path
	for range 40 {
		// Links such as /dev/stdout stand for open files; only the kernel can
		// follow them.
		if strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "/dev/fd/") {
			return target, true, nil
		}
		info, err := os.Lstat(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return target, false, nil
		case err != nil:
			return "", false, err
		case info.IsDir():
			return "", false, fmt.Errorf("%s: is a folder; name a file in it", path)
		case info.Mode()&fs.ModeSymlink == 0:
			return target, !info.Mode().IsRegular(), nil
		}
		link, err := os.Readlink(target)
		if err != nil {
			return "", false, err
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(target), link)
		}
		target = link
	}
	return "", false, fmt.Errorf("%s: too many symbolic links", path)
}

// SameFile tells whether a and b name the same regular file, through links
// and different spellings, whether it exists or not. "-" is no file.
func SameFile(a, b string) bool {
	if a == stdio || b == stdio {
		return false
	}
	ai, aerr := os.Stat(a)
	bi, berr := os.Stat(b)
	if aerr == nil && berr == nil {
		return ai.Mode().IsRegular() && os.SameFile(ai, bi)
	}
	if !errors.Is(aerr, fs.ErrNotExist) || !errors.Is(berr, fs.ErrNotExist) {
		return false
	}
	return canonical(a) == canonical(b)
}

// canonical spells the path of a file that does not exist.
func canonical(path string) string {
	if target, _, err := resolve(path); err == nil {
		path = target
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(folder, filepath.Base(abs))
	}
	return abs
}
