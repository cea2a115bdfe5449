package method

import (
	"slices"
	"testing"

	"srn/pkg/rng"
)

func randomPicture(low, high int) *picture {
	p := new(picture)
	r := rng.New(3)
	for i := range p {
		p[i] = byte(low + r.IntN(high-low))
	}
	return p
}

// at is a pixel's channel.
func (p *picture) at(y, x, c int) byte { return p[(y*imageSize+x)*3+c] }

func TestOperationsOfNoStrengthDoNothing(t *testing.T) {
	for name, f := range map[string]func(*picture, float64){
		"shearY": shearY, "translateX": translateX, "translateY": translateY, "rotate": rotate, "solarize": solarize,
		"posterize": posterize, "color": color, "contrast": contrast, "brightness": brightness, "sharpness": sharpness,
	} {
		p := randomPicture(0, 256)
		want := *p
		f(p, 0)
		if *p != want {
			t.Errorf("%s changes the picture", name)
		}
		for _, strength := range []float64{-1, 1} {
			f(p, strength)
			if *p == want {
				t.Errorf("%s of strength %g does nothing", name, strength)
			}
			*p = want
		}
	}
}

func TestGeometry(t *testing.T) {
	p := randomPicture(0, 256)
	old := *p
	translateX(p, 0.5) // 7.25 pixels, rounded
	if p.at(3, 4, 1) != old.at(3, 11, 1) || p.at(3, 30, 1) != 128 {
		t.Error("translateX does not shift by 7 pixels")
	}
	*p = old
	translateY(p, -0.5)
	if p.at(11, 4, 2) != old.at(4, 4, 2) || p.at(3, 4, 2) != 128 {
		t.Error("translateY does not shift by 7 pixels")
	}
	*p = old
	rotate(p, 3) // 90 degrees
	for y := range imageSize {
		for x := range imageSize {
			if p.at(y, x, 0) != old.at(imageSize-1-x, y, 0) {
				t.Fatal("a quarter turn is none")
			}
		}
	}
	*p = old
	shearY(p, 1/0.3) // a pixel for each column
	if p.at(10, 20, 0) != old.at(10+5, 20, 0) && p.at(10, 20, 0) != old.at(10+4, 20, 0) {
		t.Error("shearY does not slant")
	}
}

func TestTones(t *testing.T) {
	p := randomPicture(100, 140)
	old := *p
	invert(p, 0)
	invert(p, 0)
	if *p != old {
		t.Error("invert twice is not the picture")
	}
	solarize(p, 1)
	if p[7] != 255-old[7] {
		t.Error("solarize at threshold 0 does not invert")
	}
	*p = old
	posterize(p, 1)
	if p[7] != old[7]&0xf0 {
		t.Error("posterize does not keep 4 bits")
	}
	*p = old
	autoContrast(p, 0)
	if slices.Min(p[:]) != 0 || slices.Max(p[:]) != 255 {
		t.Error("autoContrast does not fill the range")
	}
	*p = old
	equalize(p, 0)
	var counts [4]int
	for i := 0; i < len(p); i += 3 {
		counts[p[i]/64]++
	}
	for _, n := range counts {
		if n < 150 || n > 460 {
			t.Errorf("equalized quarters of the range hold %v of 1024 pixels", counts)
		}
	}
	*p = old
	brightness(p, -1)
	near(t, "darkened", float64(p[7]), 0.1*float64(old[7]), 0.05)
	*p = old
	color(p, -1/0.9) // factor 0
	if p[6] != p[7] || p[7] != p[8] {
		t.Error("no colour is left, but channels differ")
	}
	*p = old
	contrast(p, -1/0.9)
	if slices.Min(p[:]) != slices.Max(p[:]) {
		t.Error("no contrast is left, but pixels differ")
	}
	flat := new(picture)
	for i := range flat {
		flat[i] = 77
	}
	was := *flat
	sharpness(flat, 1)
	if *flat != was {
		t.Error("sharpness changes a flat picture")
	}
}

func TestAutoAugment(t *testing.T) {
	before, after, _ := changed(t, "autoaugment", 0)
	n := 0
	holes(before, after, func(_, _, _, _, _, count int) {
		if count > 0 {
			n++
		}
	})
	if n < 6 {
		t.Errorf("%d of 12 images changed", n)
	}
	for i, v := range after {
		c := i % 3
		lo, hi := -[3]float32{.5, .45, .4}[c]/[3]float32{.25, .2, .3}[c], (1-[3]float32{.5, .45, .4}[c])/[3]float32{.25, .2, .3}[c]
		if v < lo-1e-5 || v > hi+1e-5 {
			t.Fatalf("pixel %g is outside %g to %g", v, lo, hi)
		}
	}
	if _, again, _ := changed(t, "autoaugment", 0); !slices.Equal(after, again) {
		t.Error("another draw at the same step")
	}
}
