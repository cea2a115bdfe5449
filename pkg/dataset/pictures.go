package dataset

import (
	"errors"
	"fmt"

	"srn/pkg/artifact"
)

// Pictures are images without labels.
type Pictures struct {
	Pixels []byte // N × 32 × 32 × 3, as those of a Split
	SHA256 string // of the file's uncompressed bytes
}

// Len is the number of images.
func (p *Pictures) Len() int { return len(p.Pixels) / Pixels }

// LoadPictures reads images from a file with a tensor "images" (U8,
// N×32×32×3), or the training images of a dataset file.
func LoadPictures(path string) (*Pictures, error) {
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		return nil, err
	}
	const mend = "give a dataset file of srn-split, or a safetensors file with a tensor images, U8, N×32×32×3"
	name := "images"
	if _, ok := f.Tensor(name); !ok {
		if _, ok := f.Tensor("train_images"); !ok {
			return nil, &artifact.FormatError{Path: path, Field: `tensor "images"`, Problem: "is missing, and so is train_images", Mend: mend}
		}
		name = "train_images"
	}
	t, err := f.Need(path, name, artifact.U8, -1, Size, Size, 3)
	if err != nil {
		var bad *artifact.FormatError
		if errors.As(err, &bad) {
			bad.Mend = mend
		}
		return nil, err
	}
	if t.Shape[0] == 0 {
		return nil, &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", name), Problem: "has no images", Mend: mend}
	}
	return &Pictures{Pixels: t.Data, SHA256: f.SHA256}, nil
}
