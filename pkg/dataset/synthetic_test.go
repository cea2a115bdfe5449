package dataset

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"testing"

	"srn/pkg/rng"
)

func TestSynthetic(t *testing.T) {
	const train, test = 400, 100
	d, err := Synthetic(train, test, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Classes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(d.Classes)))) != 10 {
		t.Errorf("classes are %q", d.Classes)
	}
	for class, n := range d.Train.Counts(10, d.Train.Indices()) {
		if n != train/10 || d.Test.Counts(10, d.Test.Indices())[class] != test/10 {
			t.Errorf("class %d has %d training images", class, n)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, _ := Synthetic(train, test, 3)
	if !bytes.Equal(again.Train.Pixels, d.Train.Pixels) || !bytes.Equal(again.Test.Pixels, d.Test.Pixels) ||
		!slices.Equal(again.Train.Labels, d.Train.Labels) {
		t.Error("images depend on the number of threads")
	}
	other, _ := Synthetic(train, test, 4)
	if bytes.Equal(other.Train.Pixels, d.Train.Pixels) || slices.Equal(other.Train.Labels, d.Train.Labels) {
		t.Error("images do not depend on the seed")
	}
	if bytes.Equal(d.Train.Image(0), d.Test.Image(0)) {
		t.Error("training and test images are the same")
	}
	d.Normalise()
	for c := range 3 {
		if d.Mean[c] < .3 || d.Mean[c] > .7 || d.Std[c] < .1 {
			t.Errorf("channel %d has mean %v and deviation %v", c, d.Mean[c], d.Std[c])
		}
	}
	for _, n := range []int{0, 9, 1 << 30} {
		if _, err := Synthetic(n, test, 0); err == nil {
			t.Errorf("%d images are accepted", n)
		}
	}
}

// TestObjects checks that objects of different classes differ, wherever they
// are placed, and that a mixture is between its parts.
func TestObjects(t *testing.T) {
	r := rng.New(1)
	for a := range 10 {
		for b := range 10 {
			var whole, half float64
			for i := range 10 {
				x, y, z := syntheticObject(a), blend(syntheticObject(a), syntheticObject(b)), syntheticObject(b)
				for _, o := range []*object{&x, &y, &z} {
					r.Reset(2, uint64(i))
					o.place(r)
				}
				whole += difference(&x, &z)
				half += difference(&x, &y)
			}
			switch {
			case a == b && (whole != 0 || half != 0):
				t.Errorf("class %d differs from itself", a)
			case a != b && whole < 100:
				t.Errorf("classes %d and %d differ by %.0f", a, b, whole)
			case a != b && (half <= 0 || half >= whole):
				t.Errorf("half way from class %d to %d is %.0f of %.0f", a, b, half, whole)
			}
		}
	}
}

func difference(a, b *object) (sum float64) {
	for y := range Size {
		for x := range Size {
			ca, ra, ta := a.at(float64(x), float64(y))
			cb, rb, tb := b.at(float64(x), float64(y))
			sum += math.Abs(ca-cb) + min(ca, cb)*(math.Abs(ra-rb)+math.Abs(ta-tb))
		}
	}
	return sum
}

func TestNoise(t *testing.T) {
	r := rng.New(5)
	const n = 100_000
	var sum, squares float64
	for range n {
		bits := r.Uint64()
		v := noise(&bits)
		sum += v
		squares += v * v
	}
	if mean, variance := sum/n, squares/n; math.Abs(mean) > .02 || math.Abs(variance-1) > .03 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

func BenchmarkSynthetic(b *testing.B) {
	for b.Loop() {
		synthesize(1000, 0, 0)
	}
}
