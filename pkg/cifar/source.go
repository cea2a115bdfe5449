package cifar

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/gzip"
)

var errTooLarge = errors.New("unpacks to more than any version of the data set has")

// readArchive reads a tar archive, compressed by gzip or not. Size is that of
// the file, 0 if unknown.
func (c *collector) readArchive(f io.Reader, size int64) error {
	sum := sha256.New()
	whole := &counter{r: io.TeeReader(f, sum), report: c.options.Progress, total: size}
	raw := bufio.NewReaderSize(whole, 1<<20)
	var unpacked io.Reader = raw
	if magic, err := raw.Peek(2); err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", c.path, err)
	} else if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(raw)
		if err != nil {
			return c.damaged("", err)
		}
		unpacked = z
	}
	unpacked = &bounded{unpacked, maxUnpacked}
	archive := tar.NewReader(unpacked)
	for members := 0; ; members++ {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		plain := unpacked.(*bounded).r == raw
		if members == 0 && (errors.Is(err, tar.ErrHeader) || plain && errors.Is(err, io.ErrUnexpectedEOF)) {
			return formatError(c.path, "", "is neither a tar archive nor one compressed by gzip", "give "+c.layout.archives()+" or a folder with its files")
		}
		if err != nil {
			return c.damaged("", err)
		}
		if members == maxMembers {
			return formatError(c.path, "", fmt.Sprintf("has more than %d members", maxMembers), "give "+c.layout.archives())
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := c.member(h.Name, h.Size, archive); err != nil {
			return err
		}
	}
	// What follows the archive's end has checksums to compare and counts in
	// the file's hash.
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return c.damaged("", err)
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return c.damaged("", err)
	}
	c.source.Path = c.path
	c.source.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if c.members == 0 {
		return nil
	}
	return c.verify(filepath.Base(c.path), whole.done)
}

// readFolder reads unpacked files from the folder, or from the first folder in
// it that holds any.
func (c *collector) readFolder() error {
	entries, err := os.ReadDir(c.path)
	if err != nil {
		return err
	}
	folders := []string{c.path}
	for _, e := range entries {
		folders = append(folders, filepath.Join(c.path, e.Name()))
	}
	for _, folder := range folders {
		names := c.filesIn(folder)
		if !slices.ContainsFunc(names, func(n string) bool { return c.layout.find(n) >= 0 }) {
			continue
		}
		return c.readFiles(folder, names)
	}
	return nil
}

// filesIn lists the data set's files in a folder, sorted by name, and notes
// whether there are any of another one.
func (c *collector) filesIn(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // a file, or closed to us
	}
	var names []string
	for _, e := range entries {
		for _, l := range layouts {
			switch {
			case l.find(e.Name()) < 0 && !l.isNames(e.Name()):
			case l == c.layout:
				names = append(names, e.Name())
			default:
				c.other = l.name
			}
		}
	}
	return names
}

func (c *collector) readFiles(folder string, names []string) error {
	var total, done int64
	for _, name := range names {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return formatError(folder, name, "is not a file", "unpack the data set again")
		}
		total += info.Size()
	}
	c.source.Path = folder
	manifest := sha256.New()
	verified := 0
	for _, name := range names {
		sum, known, n, err := c.readFile(filepath.Join(folder, name), name, done, total)
		if err != nil {
			return err
		}
		done += n
		if known {
			verified++
		}
		fmt.Fprintf(manifest, "%s  %s\n", sum, name)
	}
	c.source.SHA256 = hex.EncodeToString(manifest.Sum(nil))
	if verified == len(c.layout.files) {
		c.source.Verified = "unpacked " + c.layout.title + ", " + c.source.Format + " version"
	} else {
		c.note("not known to be the official files")
	}
	return nil
}

// readFile reads one unpacked file. It returns its SHA-256, whether it is an
// official one by its published hash, and its size.
func (c *collector) readFile(path, name string, before, total int64) (sum string, known bool, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, 0, err
	}
	sha := sha256.New()
	var all io.Writer = sha
	official := officialSums[c.layout.name][name]
	other := hasher(official)
	if other != nil {
		all = io.MultiWriter(sha, other)
	}
	r := &counter{r: io.TeeReader(f, all), done: before, total: total, report: c.options.Progress}
	if err := c.member(name, info.Size(), r); err != nil {
		return "", false, 0, err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return "", false, 0, err
	}
	known = other != nil && official == hex.EncodeToString(other.Sum(nil))
	return hex.EncodeToString(sha.Sum(nil)), known, r.done - before, nil
}

// counter counts the bytes read and reports them.
type counter struct {
	r           io.Reader
	done, total int64
	report      func(done, total int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.report != nil {
		c.report(c.done, c.total)
	}
	return n, err
}

// bounded reads at most left bytes and fails where there are more.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
