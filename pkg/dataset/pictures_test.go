package dataset

import (
	"errors"
	"path/filepath"
	"testing"

	"srn/pkg/artifact"
)

func TestLoadPictures(t *testing.T) {
	for name, c := range map[string]struct {
		tensor string
		shape  []int
		want   int // images, -1: refused
	}{
		"images":           {"images", []int{2, Size, Size, 3}, 2},
		"a dataset file's": {"train_images", []int{3, Size, Size, 3}, 3},
		"channels first":   {"images", []int{2, 3, Size, Size}, -1},
		"none":             {"images", []int{0, Size, Size, 3}, -1},
		"another tensor":   {"pictures", []int{2, Size, Size, 3}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for _, d := range c.shape {
				n *= d
			}
			path := filepath.Join(t.TempDir(), "a.safetensors")
			if err := artifact.Write(path, &artifact.File{Tensors: []artifact.Tensor{artifact.Bytes(c.tensor, c.shape, make([]byte, n))}}); err != nil {
				t.Fatal(err)
			}
			p, err := LoadPictures(path)
			var bad *artifact.FormatError
			switch {
			case c.want < 0 && (!errors.As(err, &bad) || bad.Mend == ""):
				t.Errorf("%v, want an error that says what to give", err)
			case c.want >= 0 && (err != nil || p.Len() != c.want || p.SHA256 == ""):
				t.Errorf("%d images, %v; want %d", p.Len(), err, c.want)
			}
		})
	}
}
