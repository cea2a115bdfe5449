// Package cifartest makes small archives in the layouts of CIFAR-10 and
// CIFAR-100, for tests.
package cifartest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"srn/pkg/rng"
)

// Spec describes an archive.
type Spec struct {
	Dataset string // cifar10 or cifar100
	Python  bool   // else the binary version
	PerFile int    // images of each file
	// ColumnMajor pickles arrays in column-major order.
	ColumnMajor bool
	Seed        uint64 // of pixels
}

// File is a file of an archive.
type File struct {
	Name string // with the folder, by slashes
	Data []byte
}

// Image is an image as an archive has it.
type Image struct {
	Planes        [3072]byte // red, green, blue
	Label, Coarse byte
}

// Images are the images of each file by its name without .bin.
func (s Spec) Images() map[string][]Image {
	m := map[string][]Image{}
	for i, name := range s.files() {
		r := rng.New(s.Seed, uint64(i))
		images := make([]Image, s.PerFile)
		for j := range images {
			im := &images[j]
			for at := 0; at < len(im.Planes); at += 8 {
				binary.LittleEndian.PutUint64(im.Planes[at:], r.Uint64())
			}
			im.Label = byte(j % 10)
			if s.Dataset == "cifar100" {
				im.Label = byte(j % 100)
				im.Coarse = im.Label / 5
			}
		}
		m[name] = images
	}
	return m
}

func (s Spec) files() []string {
	if s.Dataset == "cifar100" {
		return []string{"train", "test"}
	}
	return []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}
}

// Files are the files of the archive, those of images first. The python
// version has its class names, the binary one has none.
func (s Spec) Files() []File {
	folder := map[string]string{"cifar10": "cifar-10-batches-bin/", "cifar100": "cifar-100-binary/"}[s.Dataset]
	if s.Python {
		folder = map[string]string{"cifar10": "cifar-10-batches-py/", "cifar100": "cifar-100-python/"}[s.Dataset]
	}
	images := s.Images()
	var files []File
	for _, name := range s.files() {
		if s.Python {
			files = append(files, File{folder + name, s.pickle(images[name])})
		} else {
			files = append(files, File{folder + name + ".bin", s.records(images[name])})
		}
	}
	if s.Python && s.Dataset == "cifar10" {
		files = append(files, File{folder + "batches.meta", Meta10()})
	}
	return files
}

func (s Spec) records(images []Image) []byte {
	var b bytes.Buffer
	for i := range images {
		if s.Dataset == "cifar100" {
			b.WriteByte(images[i].Coarse)
		}
		b.WriteByte(images[i].Label)
		b.Write(images[i].Planes[:])
	}
	return b.Bytes()
}

// pickle writes a batch as the official python files have it.
func (s Spec) pickle(images []Image) []byte {
	p := newPickler()
	var data []byte
	var labels, coarse []byte
	for i := range images {
		data = append(data, images[i].Planes[:]...)
		labels = append(labels, images[i].Label)
		coarse = append(coarse, images[i].Coarse)
	}
	p.str("batch_label")
	p.str("a batch of a test")
	if s.Dataset == "cifar100" {
		p.str("fine_labels")
		p.ints(labels)
		p.str("coarse_labels")
		p.ints(coarse)
	} else {
		p.str("labels")
		p.ints(labels)
	}
	p.str("data")
	p.array(len(images), data, s.ColumnMajor)
	p.str("filenames")
	names := make([]string, len(images))
	for i := range names {
		names[i] = fmt.Sprintf("image_s_%06d.png", i)
	}
	p.strs(names)
	return p.end()
}

// Meta10 is CIFAR-10's batches.meta, byte for byte as published (MD5
// 5ff9c542aee3614f3951f8cda6e48888).
func Meta10() []byte {
	p := newPickler()
	p.str("num_cases_per_batch")
	p.int(10_000)
	p.str("label_names")
	p.strs(strings.Fields("airplane automobile bird cat deer dog frog horse ship truck"))
	p.str("num_vis")
	p.int(3072)
	return p.end()
}

// pickler writes a dictionary as Python 2's cPickle does by protocol 2.
type pickler struct {
	bytes.Buffer
	kept int
}

func newPickler() *pickler {
	p := &pickler{}
	p.WriteString("\x80\x02}")
	p.keep()
	p.WriteByte('(')
	return p
}

func (p *pickler) end() []byte {
	p.WriteString("u.")
	return p.Bytes()
}

// keep puts the value just written into the memo, as cPickle does for every
// value that another could refer to.
func (p *pickler) keep() {
	if p.kept++; p.kept < 256 {
		p.Write([]byte{'q', byte(p.kept)})
		return
	}
	p.Write(binary.LittleEndian.AppendUint32([]byte{'r'}, uint32(p.kept)))
}

func (p *pickler) str(s string) {
	if len(s) < 256 {
		p.Write([]byte{'U', byte(len(s))})
	} else {
		p.Write(binary.LittleEndian.AppendUint32([]byte{'T'}, uint32(len(s))))
	}
	p.WriteString(s)
	p.keep()
}

func (p *pickler) int(n int) {
	if n < 256 {
		p.Write([]byte{'K', byte(n)})
		return
	}
	p.Write([]byte{'M', byte(n), byte(n >> 8)})
}

func (p *pickler) ints(v []byte) {
	p.list(len(v), func(i int) { p.int(int(v[i])) })
}

func (p *pickler) strs(v []string) {
	p.list(len(v), func(i int) { p.str(v[i]) })
}

// list writes items by the thousand, as cPickle does.
func (p *pickler) list(n int, item func(i int)) {
	p.WriteByte(']')
	p.keep()
	for i := 0; i < n; {
		p.WriteByte('(')
		for end := min(i+1000, n); i < end; i++ {
			item(i)
		}
		p.WriteByte('e')
	}
}

// array writes a matrix of rows of 3072 bytes as NumPy reduces it.
func (p *pickler) array(rows int, data []byte, columnMajor bool) {
	op := func(s string) {
		p.WriteString(s)
		p.keep()
	}
	op("cnumpy.core.multiarray\n_reconstruct\n")
	op("cnumpy\nndarray\n")
	p.int(0)
	op("\x85")
	p.str("b")
	op("\x87")
	op("R")
	p.WriteByte('(')
	p.int(1)
	p.int(rows)
	p.int(3072)
	op("\x86")
	op("cnumpy\ndtype\n")
	p.str("u1")
	p.int(0)
	p.int(1)
	op("\x87")
	op("R")
	p.WriteByte('(')
	p.int(3)
	p.str("|")
	p.WriteString("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff")
	p.int(0)
	op("t")
	p.WriteByte('b')
	if columnMajor {
		p.WriteByte(0x88)
		data = transpose(data, rows)
	} else {
		p.WriteByte(0x89)
	}
	p.str(string(data))
	op("t")
	p.WriteByte('b')
}

func transpose(data []byte, rows int) []byte {
	columns := len(data) / rows
	t := make([]byte, len(data))
	for i := range rows {
		for j := range columns {
			t[j*rows+i] = data[i*columns+j]
		}
	}
	return t
}

// Write writes files to path: as a folder unless the name ends in .tar or
// .tar.gz.
func Write(path string, files []File) error {
	if strings.HasSuffix(path, ".tar") || strings.HasSuffix(path, ".tar.gz") {
		var b bytes.Buffer
		if err := Tar(&b, files, strings.HasSuffix(path, ".gz")); err != nil {
			return err
		}
		return os.WriteFile(path, b.Bytes(), 0o666)
	}
	for _, f := range files {
		name := filepath.Join(path, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Tar writes files as an archive, compressed if asked.
func Tar(w io.Writer, files []File, compress bool) error {
	if compress {
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if err := Tar(z, files, false); err != nil {
			return err
		}
		return z.Close()
	}
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Name: f.Name, Mode: 0o644, Size: int64(len(f.Data)), Format: tar.FormatGNU}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.Data); err != nil {
			return err
		}
	}
	return t.Close()
}
