package dataset

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"srn/pkg/artifact"
)

func noisyData(t *testing.T, name string, superclasses bool) *Data {
	t.Helper()
	d, err := Synthetic(400, 20, 3)
	if err != nil {
		t.Fatal(err)
	}
	d.Name = name
	d.Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
	if superclasses {
		d.CoarseClasses = []string{"odd", "even"}
		for _, s := range []*Split{&d.Train, &d.Test} {
			for _, y := range s.Labels {
				s.Coarse = append(s.Coarse, y%2)
			}
		}
	}
	if err := d.Part(0.25, 1); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSymmetricNoise(t *testing.T) {
	d := noisyData(t, "synthetic", false)
	before := slices.Clone(d.Train.Labels)
	if err := d.Mislabel("symmetric", 0.4, 5); err != nil {
		t.Fatal(err)
	}
	wrong, seen := map[int32]int{}, map[int32]map[int32]bool{}
	for i, y := range before {
		if now := d.Train.Labels[i]; now != y {
			wrong[y]++
			if seen[y] == nil {
				seen[y] = map[int32]bool{}
			}
			seen[y][now] = true
			if slices.Contains(d.MetaVal, int32(i)) {
				t.Fatalf("image %d of meta_val has another label", i)
			}
		}
	}
	of := make([]int, 10)
	for _, i := range d.MetaTrain {
		of[before[i]]++
	}
	for class, n := range of {
		if want := int(math.Round(0.4 * float64(n))); wrong[int32(class)] != want {
			t.Errorf("%d of %d images of class %d are mislabelled, want %d", wrong[int32(class)], n, class, want)
		}
		if len(seen[int32(class)]) < 4 {
			t.Errorf("class %d is taken for %d others alone", class, len(seen[int32(class)]))
		}
	}

	// By the image, whatever its place.
	e := noisyData(t, "synthetic", false)
	n := e.Train.Len()
	order := make([]int, n)
	for i := range order {
		order[i] = (i*7 + 3) % n
	}
	var moved Split
	for _, i := range order {
		moved.Pixels = append(moved.Pixels, e.Train.Image(i)...)
		moved.Labels = append(moved.Labels, e.Train.Labels[i])
	}
	e.Train = moved
	if err := e.Part(0.25, 1); err != nil {
		t.Fatal(err)
	}
	if err := e.Mislabel("symmetric", 0.4, 5); err != nil {
		t.Fatal(err)
	}
	for at, i := range order {
		if e.Train.Labels[at] != d.Train.Labels[i] {
			t.Fatalf("image %d has label %d in its place, %d in another", i, d.Train.Labels[i], e.Train.Labels[at])
		}
	}
	other := noisyData(t, "synthetic", false)
	if err := other.Mislabel("symmetric", 0.4, 6); err != nil || slices.Equal(other.Train.Labels, d.Train.Labels) {
		t.Error("another seed gives the same labels", err)
	}
}

func TestAsymmetricNoise(t *testing.T) {
	for _, c := range []struct {
		name   string
		coarse bool
		want   map[int32]int32
	}{
		{"cifar10", false, map[int32]int32{9: 1, 2: 0, 4: 7, 3: 5, 5: 3, 0: 0, 1: 1, 6: 6, 7: 7, 8: 8}},
		{"synthetic", false, map[int32]int32{0: 1, 8: 9, 9: 0}},
		{"cifar100", true, map[int32]int32{0: 2, 8: 0, 9: 1, 3: 5}},
	} {
		d := noisyData(t, c.name, c.coarse)
		before := slices.Clone(d.Train.Labels)
		if err := d.Mislabel("asymmetric", 1, 5); err != nil {
			t.Fatal(err)
		}
		for _, i := range d.MetaTrain {
			if want, ok := c.want[before[i]]; ok && d.Train.Labels[i] != want {
				t.Errorf("%s: class %d is taken for %d, want %d", c.name, before[i], d.Train.Labels[i], want)
			}
		}
	}
}

func TestNoiseIsKept(t *testing.T) {
	d := noisyData(t, "synthetic", false)
	d.Normalise()
	path := filepath.Join(t.TempDir(), "d.safetensors")
	if err := d.Mislabel("symmetric", 0.2, 7); err != nil {
		t.Fatal(err)
	}
	if err := d.Save(path, artifact.Provenance{Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	e, err := Load(path)
	if err != nil || e.Noise != (Noise{"symmetric", 0.2, 7}) || !slices.Equal(e.Train.Labels, d.Train.Labels) {
		t.Errorf("%+v, %v", e.Noise, err)
	}
	for _, bad := range []struct {
		kind string
		rate float64
	}{{"random", 0.1}, {"symmetric", 1.1}, {"symmetric", math.NaN()}} {
		if d.Mislabel(bad.kind, bad.rate, 0) == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
