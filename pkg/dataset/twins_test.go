package dataset

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/rng"
)

// noiseSplit is images of random pixels, labels in turn.
func noiseSplit(n, classes int, seed uint64) Split {
	r := rng.New(seed)
	s := Split{Pixels: make([]byte, n*Pixels)}
	for i := range s.Pixels {
		s.Pixels[i] = byte(r.Uint64())
	}
	for i := range n {
		s.Labels = append(s.Labels, int32(i%classes))
	}
	return s
}

// copyImage makes an image of one split equal to one of another.
func copyImage(to *Split, i int, from *Split, j int) { copy(to.Image(i), from.Image(j)) }

func named(classes int) (names []string) {
	for i := range classes {
		names = append(names, string(rune('a'+i)))
	}
	return names
}

// Without twins, of each class those whose keys come first are for validation.
func TestPartWithoutTwins(t *testing.T) {
	d := &Data{Classes: named(5), Train: noiseSplit(200, 5, 1), Test: noiseSplit(20, 5, 2)}
	for _, fraction := range []float64{0, 0.1, 0.33, 0.9} {
		if err := d.Part(fraction, 3); err != nil {
			t.Fatal(err)
		}
		var want []int32
		for _, images := range d.keyed(3) {
			for _, k := range images[:int(math.Round(fraction*float64(len(images))))] {
				want = append(want, k.index)
			}
		}
		slices.Sort(want)
		if !slices.Equal(d.MetaVal, want) {
			t.Errorf("fraction %v: %v, want %v", fraction, d.MetaVal, want)
		}
	}
	d.FindTwins()
	if d.Twins != (Twins{}) {
		t.Errorf("twins of random images: %+v", d.Twins)
	}
}

// Images that are equal stay in one part, whatever their labels and number.
func TestTwinsStayTogether(t *testing.T) {
	d := &Data{Classes: named(5), Train: noiseSplit(200, 5, 1), Test: noiseSplit(20, 5, 2)}
	s := &d.Train
	for i := range 50 {
		copyImage(s, 150+i, s, i) // of the same class, since 150 is a multiple of 5
	}
	copyImage(s, 101, s, 100) // of another class
	for i := range 8 {
		copyImage(s, 110+5*i, s, 105) // nine equal ones of one class
	}
	seen := map[int]bool{}
	for seed := range uint64(20) {
		if err := d.Part(0.3, seed); err != nil {
			t.Fatal(err)
		}
		if len(d.MetaTrain)+len(d.MetaVal) != 200 {
			t.Fatalf("%d and %d images", len(d.MetaTrain), len(d.MetaVal))
		}
		part := map[imageHash]bool{}
		h := hashes(s)
		for _, i := range d.MetaVal {
			part[h[i]] = true
		}
		for _, i := range d.MetaTrain {
			if part[h[i]] {
				t.Fatalf("seed %d: image %d is in both parts", seed, i)
			}
		}
		for class, n := range s.Counts(5, d.MetaVal) {
			if n > 12 || n < 9 { // round(0.3·40), a few less for twins
				t.Errorf("seed %d: %d of class %d for validation", seed, n, class)
			}
			seen[n] = true
		}
	}
	if !seen[12] {
		t.Error("no class has its share")
	}
	// The order of the images does not matter.
	if err := d.Part(0.3, 1); err != nil {
		t.Fatal(err)
	}
	want := map[imageHash]bool{}
	h := hashes(s)
	for _, i := range d.MetaVal {
		want[h[i]] = true
	}
	e := &Data{Classes: d.Classes}
	for i := 199; i >= 0; i-- {
		e.Train.Pixels = append(e.Train.Pixels, s.Image(i)...)
		e.Train.Labels = append(e.Train.Labels, s.Labels[i])
	}
	if err := e.Part(0.3, 1); err != nil {
		t.Fatal(err)
	}
	for _, i := range e.MetaVal {
		if !want[hashes(&e.Train)[i]] {
			t.Fatalf("image %d of the reverse is for validation", i)
		}
	}
}

func TestFindTwins(t *testing.T) {
	d := &Data{Classes: named(5), Train: noiseSplit(100, 5, 1), Test: noiseSplit(20, 5, 2)}
	copyImage(&d.Train, 50, &d.Train, 0)
	copyImage(&d.Train, 55, &d.Train, 0)
	copyImage(&d.Train, 61, &d.Train, 2) // of another class
	copyImage(&d.Test, 3, &d.Test, 4)
	copyImage(&d.Test, 5, &d.Train, 0)
	copyImage(&d.Test, 6, &d.Train, 7)
	d.FindTwins()
	if want := (Twins{Train: 5, Mislabelled: 2, Test: 2, Leaked: 2}); d.Twins != want {
		t.Errorf("%+v, want %+v", d.Twins, want)
	}
	if err := d.CheckTwins("x"); err != nil {
		t.Errorf("some test images are training images: %v", err)
	}
	for i := range 20 {
		copyImage(&d.Test, i, &d.Train, i)
	}
	d.FindTwins()
	if err := d.CheckTwins("x"); err == nil || d.Twins.Leaked != 20 {
		t.Errorf("%+v: all test images are training images: %v", d.Twins, err)
	}
	// Counts are kept.
	d.Normalise()
	if err := d.Part(0.1, 0); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "d.safetensors")
	if err := d.Save(path, artifact.Provenance{Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.Twins != d.Twins {
		t.Errorf("%+v, %v", got, err)
	}
}
