package npy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"srn/pkg/artifact"
)

// maxMembers bounds the arrays of a file.
const maxMembers = 100_000

// ReadZip reads the arrays of a .npz file, which together take at most limit
// bytes. Errors about the content are *[artifact.FormatError] without a path.
func ReadZip(file []byte, limit int64) ([]artifact.Tensor, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, damaged(err)
	}
	if len(z.File) > maxMembers {
		return nil, &artifact.FormatError{Problem: fmt.Sprintf("has %d members, more than %d", len(z.File), maxMembers)}
	}
	var tensors []artifact.Tensor
	seen := map[string]bool{}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, &artifact.FormatError{Field: fmt.Sprintf("member %.100q", f.Name), Problem: "is no array"}
		}
		if seen[name] {
			return nil, &artifact.FormatError{Field: fmt.Sprintf("array %.100q", name), Problem: "occurs twice"}
		}
		seen[name] = true
		r, err := f.Open()
		if err != nil {
			return nil, damaged(err)
		}
		t, err := Read(r, name, limit)
		if err == nil {
			// Reading on to the end compares the checksum.
			var more int64
			if more, err = io.Copy(io.Discard, io.LimitReader(r, 1)); err == nil && more > 0 {
				err = &artifact.FormatError{Field: fmt.Sprintf("array %.100q", name), Problem: "has bytes after its end"}
			}
		}
		if err != nil {
			return nil, damaged(err)
		}
		limit -= int64(len(t.Data))
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// damaged turns an error of decompression, all of which are about the
// content, into one that says so.
func damaged(err error) error {
	if f, ok := err.(*artifact.FormatError); ok {
		return f
	}
	return &artifact.FormatError{Problem: fmt.Sprintf("the zip archive is damaged: %v", err), Mend: "copy or make the file again"}
}
