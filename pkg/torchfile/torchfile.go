// Package torchfile reads what PyTorch's torch.save writes, in its present form,
// a zip archive, and in the one before version 1.6, a series of pickles; and
// what pickle.dump makes of the same objects. Nothing is imported or called:
// see package pickle.
package torchfile

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/npy"
	"srn/pkg/pickle"
)

// File is the object that was saved.
type File struct {
	value any
	left  int64 // of the bytes that its tensors may take
}

// IsZip tells whether a file begins as a zip archive does; the older form is a
// series of pickles.
func IsZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// Read reads a file whose tensors may take up to limit bytes; they are read
// when they are asked for. What is wrong with the content is an
// *[artifact.FormatError] without a path.
func Read(file []byte, limit int64) (f *File, err error) {
	f = &File{left: limit}
	if IsZip(file) {
		err = f.readZip(file)
	} else {
		f.value, err = f.readPickles(bufio.NewReader(bytes.NewReader(file)), int64(len(file)), true)
	}
	if err != nil {
		return nil, described(err)
	}
	return f, nil
}

// described turns an error, all of which are about the content, into one that
// says so.
func described(err error) error {
	var bad *artifact.FormatError
	var refused *pickle.Refusal
	switch {
	case errors.As(err, &bad):
		return bad
	case errors.As(err, &refused):
		return &artifact.FormatError{Problem: refused.Error(), Mend: saveAgain}
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return &artifact.FormatError{Problem: "is truncated: it ends within what torch.save writes", Mend: copyAgain}
	}
	return &artifact.FormatError{Problem: fmt.Sprintf("the zip archive is damaged: %v", err), Mend: copyAgain}
}

const (
	copyAgain = "copy or make the file again"
	saveAgain = "save it again in PyTorch: torch.save(net.state_dict(), …)"
)

// options are those of a pickle in such a file.
func (f *File) options(size int64, outer bool, persistent func(any) (any, error)) pickle.Options {
	known := map[pickle.Global]pickle.Func{}
	for g, function := range npy.Pickled {
		known[g] = function
	}
	for g, function := range rebuild {
		known[g] = function
	}
	if outer {
		// A storage that pickle.dump wrote holds a file of torch.save.
		known[pickle.Global{Module: "torch.storage", Name: "_load_from_bytes"}] = func(args pickle.Tuple) (any, error) {
			if len(args) != 1 {
				return nil, pickle.Refusef("the pickle loads no storage")
			}
			b, ok := args[0].([]byte)
			if !ok {
				return nil, pickle.Refusef("the pickle loads no storage")
			}
			return f.readPickles(bufio.NewReader(bytes.NewReader(b)), int64(len(b)), false)
		}
	}
	return pickle.Options{Size: size, Known: known, Opaque: true, Persistent: persistent}
}

// maxPickle bounds the pickle of a zip archive, which has no numbers of its
// tensors in it.
const maxPickle = 256 << 20

// readZip reads NAME/data.pkl, whose storages are the members NAME/data/KEY.
func (f *File) readZip(file []byte) error {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	members := map[string]*zip.File{}
	var root string
	for _, m := range z.File {
		name, ok := strings.CutSuffix(m.Name, "/data.pkl")
		if ok && root == "" {
			root = name
		}
		members[m.Name] = m
	}
	main := members[root+"/data.pkl"]
	switch {
	case main == nil:
		return &artifact.FormatError{Problem: "is a zip archive without data.pkl: torch.save writes one", Mend: saveAgain}
	case members[root+"/constants.pkl"] != nil:
		return &artifact.FormatError{Problem: "is a TorchScript archive, whose program is not read", Mend: saveAgain}
	case main.UncompressedSize64 > maxPickle:
		return &artifact.FormatError{Field: main.Name, Problem: fmt.Sprintf("takes %d bytes, more than %d", main.UncompressedSize64, maxPickle)}
	}
	if order := members[root+"/byteorder"]; order != nil {
		b, err := contents(order, 16)
		if err != nil {
			return err
		}
		if string(b) != "little" {
			return &artifact.FormatError{Field: order.Name, Problem: fmt.Sprintf("is %q: only little-endian numbers are read", b), Mend: saveAgain}
		}
	}
	b, err := contents(main, maxPickle)
	if err != nil {
		return err
	}
	storages := map[string]*storage{}
	f.value, err = pickle.Read(bufio.NewReader(bytes.NewReader(b)), f.options(int64(len(b)), true, func(id any) (any, error) {
		s, _, err := reference(id)
		if err != nil {
			return nil, err
		}
		if old := storages[s.key]; old != nil {
			return old, nil
		}
		storages[s.key] = s
		if s.member = members[root+"/data/"+s.key]; s.member == nil {
			return nil, pickle.Refusef("the archive has no storage %.40q", s.key)
		}
		return s, nil
	}))
	return err
}

// contents reads a member of at most limit bytes and compares its checksum.
func contents(m *zip.File, limit int64) ([]byte, error) {
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = &artifact.FormatError{Field: m.Name, Problem: fmt.Sprintf("unpacks to more than %d bytes", limit)}
	}
	return b, err
}
