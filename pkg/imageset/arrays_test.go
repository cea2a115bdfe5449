package imageset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
)

// written writes members of the archive of arrays into a folder.
func written(t *testing.T, names ...string) string {
	t.Helper()
	all := members(t, "arrays.zip")
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), all[name], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestArrays(t *testing.T) {
	for name, want := range map[string]struct{ train, valid, test int }{
		"keras.npz": {8, 0, 2}, "medmnist.npz": {8, 2, 2}, "plain.npz": {8, 0, 0}, "planes.npz": {8, 0, 0},
	} {
		set, err := Read(filepath.Join(written(t, name), name), Options{Kind: Arrays})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set.Train.Len() != want.train || set.Valid.Len() != want.valid || set.Test.Len() != want.test || !slices.Equal(set.Classes, []string{"0", "1"}) {
			t.Errorf("%s: %d, %d, %d of %v", name, set.Train.Len(), set.Valid.Len(), set.Test.Len(), set.Classes)
		}
		if at := 3*(16*32+16) + 1; set.Train.Image(2)[at] != 20 || set.Train.Labels[3] != 1 || set.Name != strings.TrimSuffix(name, ".npz") {
			t.Errorf("%s: %q, pixel %d, labels %v", name, set.Name, set.Train.Image(2)[at], set.Train.Labels)
		}
	}
	for name, want := range map[string]string{
		"floats.npz": "is of type F32, not U8", "names.npz": "none of the arrays that are read but pixels, targets", "unlabelled.npz": "none of labels",
		"short.npz": "not a label for each of 8", "negative.npz": "label 0 is not from 0", "onehot.npz": "not a label for each",
		"large.npz": "has 64×64 pixels", "one.npz": "labels up to 0", "cifar10.1_v6_data.npy": "is no .npz file",
	} {
		_, err := Read(filepath.Join(written(t, name), name), Options{Kind: Arrays})
		var bad *artifact.FormatError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if set, err := Read(filepath.Join(written(t, "large.npz"), "large.npz"), Options{Kind: Arrays, Resize: Area}); err != nil || set.Train.Image(3)[100] != 30 {
		t.Errorf("64×64 averaged: %v", err)
	}
}

func TestCIFAR101(t *testing.T) {
	dir := written(t, "cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")
	for _, path := range []string{dir, filepath.Join(dir, "cifar10.1_v6_data.npy")} {
		set, err := Read(path, Options{Kind: CIFAR101, AllowPartial: true})
		if err != nil || set.Test.Len() != 12 || set.Train.Len() != 0 || set.Test.Labels[11] != 1 || set.Test.Image(4)[0] != 40 {
			t.Errorf("%s: %+v, %v", path, set, err)
		}
	}
	var partial *PartialError
	if _, err := Read(dir, Options{Kind: CIFAR101}); !errors.As(err, &partial) {
		t.Errorf("12 images: %v", err)
	}
	for path, want := range map[string]string{t.TempDir(): "has no cifar10.1_v6_data.npy", filepath.Join(dir, "cifar10.1_v6_labels.npy"): "a name without data"} {
		if _, err := Read(path, Options{Kind: CIFAR101}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "cifar10.1_v6_labels.npy")); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, Options{Kind: CIFAR101}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no labels: %v", err)
	}
}
