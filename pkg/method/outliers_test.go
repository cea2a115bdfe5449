package method

import (
	"testing"

	"srn/pkg/dataset"
)

// TestGivenOutliers: as many as images, each seen once before any comes again.
func TestGivenOutliers(t *testing.T) {
	b := newBench(t, "energy-ood", 12, 1)
	given := &dataset.Pictures{Pixels: make([]byte, 36*pixels)}
	for i := range 36 {
		for k := range pixels {
			given.Pixels[i*pixels+k] = byte(7 * i)
		}
	}
	o := Options{Net: b.net, Outliers: given, Mean: b.data.Mean, Std: b.data.Std}
	source, err := newOutliers("file", o)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		seen := map[int]int{}
		for step := range 3 {
			if n := source.load(&Step{Images: 12, Number: 3*round + step}); n != 12 {
				t.Fatalf("%d outliers for 12 images", n)
			}
			for i := range 12 {
				v := b.read(b.net.Input())[i*pixels : i*pixels+3]
				seen[int(255*(v[0]*o.Std[0]+o.Mean[0])+0.5)]++
			}
		}
		if len(seen) != 36 {
			t.Errorf("round %d shows %d of 36 outliers", round, len(seen))
		}
	}
	if n := source.load(&Step{Images: 5}); n != 5 {
		t.Errorf("%d outliers for a short batch of 5", n)
	}
}
