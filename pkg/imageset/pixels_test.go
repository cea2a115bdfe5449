package imageset

import (
	"bytes"
	"image"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact/boundtest"
	"srn/pkg/npy"
)

// Pictures have the pixels that Pillow reads; of JPEG ones but for how colours
// of half the resolution are spread, which this reader does not smooth.
func TestPictures(t *testing.T) {
	all := members(t, "pictures.zip")
	n := 0
	for name, b := range all {
		ext := filepath.Ext(name)
		if ext == ".npy" {
			continue
		}
		n++
		p, err := decode(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		of := strings.TrimSuffix(name, ext) + ".npy"
		tolerance := 0
		if ext == ".jpg" {
			tolerance = 16
		}
		if name == "grey.jpg" {
			of = "grey-jpg.npy"
		}
		want, err := npy.Read(bytes.NewReader(all[of]), of, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if want.Shape[0] != p.h || want.Shape[1] != p.w {
			t.Errorf("%s: %d×%d, want %v", name, p.h, p.w, want.Shape)
			continue
		}
		sum := 0
		for i, v := range p.data {
			d := int(v) - int(want.Data[i])
			if sum += max(d, -d); d > tolerance || d < -tolerance {
				t.Errorf("%s: byte %d is %d, want %d", name, i, v, want.Data[i])
				break
			}
		}
		if mean := float64(sum) / float64(len(p.data)); mean > float64(tolerance)/8 {
			t.Errorf("%s: %v off in the mean", name, mean)
		}
	}
	if n != 10 {
		t.Errorf("%d pictures", n)
	}
}

func TestFit(t *testing.T) {
	grey := func(h, w int, at func(y, x int) byte) *picture {
		p := &picture{h: h, w: w}
		for y := range h {
			for x := range w {
				v := at(y, x)
				p.data = append(p.data, v, v, v)
			}
		}
		return p
	}
	nine := func(y, x int) byte { return 9 }
	for _, c := range []struct {
		h, w int
		how  Resize
		ok   bool
	}{
		{32, 32, "", true}, {28, 28, "", true}, {28, 28, Pad, true}, {16, 20, Pad, true}, {16, 20, "", false}, {33, 32, Pad, false},
		{64, 64, "", false}, {64, 64, Area, true}, {1, 1, Area, true}, {37, 50, Area, true},
	} {
		b, err := grey(c.h, c.w, nine).fit(c.how)
		if (err == nil) != c.ok || c.ok && len(b) != pixels {
			t.Errorf("%d×%d by %q: %d bytes, %v", c.h, c.w, c.how, len(b), err)
		}
		if c.ok && c.how == Area && slices.ContainsFunc(b, func(v byte) bool { return v != 9 }) {
			t.Errorf("%d×%d: a flat image is not flat", c.h, c.w)
		}
	}
	b, _ := grey(28, 28, nine).fit("")
	if b[3*(1*32+16)] != 0 || b[3*(2*32+2)] != 9 || b[3*(2*32+1)] != 0 || b[3*(29*32+29)] != 9 || b[3*(30*32+16)] != 0 {
		t.Error("the border is not of 2 pixels")
	}
	// Of 64×64, each pixel is the mean of four; the middle of 64×96 is taken.
	b, _ = grey(64, 96, func(y, x int) byte { return byte(2*(y%2) + 4*(x%2) + x - 16) }).fit(Area)
	if b[0] != 4 || b[3] != 6 {
		t.Errorf("averages %d, %d", b[0], b[3])
	}
	// Of 48×48, a pixel covers 1½ in each direction: (4·a + 2·b + 2·c + d)/9.
	b, _ = grey(48, 48, func(y, x int) byte {
		if y == 1 && x == 1 {
			return 90
		}
		return 0
	}).fit(Area)
	if b[0] != 10 || b[3] != 10 || b[3*33] != 10 {
		t.Errorf("averages %d, %d, %d", b[0], b[3], b[3*33])
	}
}

// Whatever a picture holds, it is pixels or an error, within bounds that do not
// depend on what it claims.
func FuzzPicture(f *testing.F) {
	for name, b := range members(f, "pictures.zip") {
		if filepath.Ext(name) != ".npy" {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(in)); err == nil && c.Width*c.Height > 1<<16 {
			return // large ones are slow, and bounded by maxArea
		}
		boundtest.Allocates(t, uint64(16<<20+100*len(in)), func() {
			p, err := decode(in)
			if err != nil {
				return
			}
			if len(p.data) != 3*p.h*p.w {
				t.Fatalf("%d×%d of %d bytes", p.h, p.w, len(p.data))
			}
			for _, how := range []Resize{"", Pad, Area} {
				if b, err := p.fit(how); err == nil && len(b) != pixels {
					t.Fatalf("%d bytes", len(b))
				}
			}
		})
	})
}
