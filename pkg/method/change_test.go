package method

import (
	"math"
	"slices"
	"testing"
)

// changed is a batch of 12 images after a method's change.
func changed(t *testing.T, name string, step int, set ...string) (before, after, targets []float32) {
	t.Helper()
	b := newBench(t, name, 12, 1, set...)
	b.step.Number = step
	before = b.read(b.net.Input())
	m := b.method.(*joint)
	m.batch.open(12)
	m.changes[0].change(&b.step, m.batch)
	m.batch.close()
	return before, b.read(b.net.Input()), b.read(b.net.Targets())
}

func TestLabelSmoothing(t *testing.T) {
	_, _, targets := changed(t, "label-smoothing", 0, "epsilon=0.2")
	for i, v := range targets {
		want := 0.05
		if i%benchClasses == i/benchClasses%benchClasses {
			want = 0.85
		}
		near(t, "target", float64(v), want, 1e-6)
	}
}

func TestMixupMixesImagesAsItDoesTargets(t *testing.T) {
	before, after, targets := changed(t, "mixup", 4, "alpha=0.8")
	b := newBench(t, "mixup", 12, 1)
	hot := b.read(b.net.Targets())
	for i := range 12 {
		// Find λ and the other image from the targets, where they tell.
		y := i % benchClasses
		lambda := targets[i*benchClasses+y]
		sum := float32(0)
		for k := range benchClasses {
			sum += targets[i*benchClasses+k]
		}
		near(t, "targets' sum", float64(sum), 1, 1e-6)
		if lambda > 0.999 { // mixed with its own class, or nothing at all
			continue
		}
		found := false
		for j := range 12 {
			if hot[j*benchClasses+y] == 1 {
				continue
			}
			worst := 0.0
			for p := range pixels {
				want := lambda*before[i*pixels+p] + (1-lambda)*before[j*pixels+p]
				worst = max(worst, math.Abs(float64(after[i*pixels+p]-want)))
			}
			found = found || worst < 1e-5
		}
		if !found {
			t.Errorf("image %d is no mixture with λ = %g", i, lambda)
		}
	}
	_, again, _ := changed(t, "mixup", 4, "alpha=0.8")
	if !slices.Equal(after, again) {
		t.Error("another draw at the same step")
	}
	if _, other, _ := changed(t, "mixup", 5, "alpha=0.8"); slices.Equal(after, other) {
		t.Error("the same draw at another step")
	}
}

// holes tells what changed in each image: the rectangle and how many pixels.
func holes(before, after []float32, visit func(image, y0, x0, y1, x1, count int)) {
	for i := range len(before) / pixels {
		y0, x0, y1, x1, count := imageSize, imageSize, 0, 0, 0
		for p := range imageSize * imageSize {
			at := i*pixels + 3*p
			if !slices.Equal(before[at:at+3], after[at:at+3]) {
				y, x := p/imageSize, p%imageSize
				y0, x0, y1, x1 = min(y0, y), min(x0, x), max(y1, y+1), max(x1, x+1)
				count++
			}
		}
		visit(i, y0, x0, y1, x1, count)
	}
}

func TestCutout(t *testing.T) {
	for step := range 10 {
		before, after, _ := changed(t, "cutout", step)
		holes(before, after, func(i, y0, x0, y1, x1, count int) {
			if count != (y1-y0)*(x1-x0) || y1-y0 > 16 || x1-x0 > 16 || y1-y0 < 8 || x1-x0 < 8 {
				t.Errorf("hole of %d×%d with %d pixels", y1-y0, x1-x0, count)
			}
			if y1-y0 < 16 && y0 != 0 && y1 != imageSize {
				t.Errorf("rows %d to %d: cut short within the image", y0, y1)
			}
			if v := after[i*pixels+(y0*imageSize+x0)*3]; v != 0 {
				t.Errorf("filled with %g", v)
			}
		})
	}
}

func TestRandomErasing(t *testing.T) {
	erased := 0
	for step := range 20 {
		before, after, _ := changed(t, "random-erasing", step)
		holes(before, after, func(i, y0, x0, y1, x1, count int) {
			if count == 0 {
				return
			}
			erased++
			h, w := y1-y0, x1-x0
			area, aspect := float64(h*w)/imageSize/imageSize, float64(h)/float64(w)
			// Whole numbers of pixels: a little more than the bounds allow.
			if count != h*w || area < 0.01 || area > 0.45 || aspect < 0.2 || aspect > 5 {
				t.Errorf("hole of %d×%d with %d pixels", h, w, count)
			}
			for c, want := range []float32{.5, .45, .4} {
				if v := after[i*pixels+(y0*imageSize+x0)*3+c]; v != want {
					t.Errorf("channel %d is filled with %g, want %g", c, v, want)
				}
			}
		})
	}
	if erased < 85 || erased > 155 { // of 240, with probability ½
		t.Errorf("%d of 240 images erased", erased)
	}
}

func TestPatchesKeepTheirPixels(t *testing.T) {
	b := newBench(t, "energy-ood", 12, 1)
	e := b.method.(*joint).parts[0].(*energyOOD).outliers.(*generatedOutliers)
	image := b.read(b.net.Input())[:pixels]
	shuffled := slices.Clone(image)
	e.random.Reset(1)
	e.turn(shuffled)
	if slices.Equal(image, shuffled) {
		t.Error("nothing moved")
	}
	slices.Sort(image)
	slices.Sort(shuffled)
	if !slices.Equal(image, shuffled) {
		t.Error("other pixels than before")
	}
}

func TestDropoutScalesWhatItKeeps(t *testing.T) {
	b := newBench(t, "dropout", 12, 1, "p=0.25")
	b.gradient()
	dropped, mask := 0, b.read(b.net.FeatureMask())
	for _, v := range mask {
		switch v {
		case 0:
			dropped++
		case float32(1 / 0.75):
		default:
			t.Fatalf("mask %g", v)
		}
	}
	if f := float64(dropped) / float64(len(mask)); f < 0.18 || f > 0.32 {
		t.Errorf("%g of the features dropped", f)
	}
}
