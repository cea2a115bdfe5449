package method

import (
	"fmt"
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// seeded is a generator whose next direction is the sign.
func seeded(sign int) *rng.Rand {
	for seed := uint64(0); ; seed++ {
		if r := rng.New(seed); (r.Uint64()>>63 == 1) == (sign < 0) {
			return rng.New(seed)
		}
	}
}

// TestOperationsAgainstPillow compares every operation at every level that the
// policies have, and every sub-policy with both operations applied, with what
// Pillow renders, byte for byte; testdata/make_autoaugment.py says how.
func TestOperationsAgainstPillow(t *testing.T) {
	r := readReference(t, "testdata/autoaugment.safetensors.zst")
	bytes := func(name string) []byte {
		t.Helper()
		tensor, ok := r.f.Tensor(name)
		if !ok {
			t.Fatalf("no reference %q", name)
		}
		v, err := tensor.Uint8s()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	images := bytes("images")
	n := len(images) / pixels
	same := func(what string, p *picture, want []byte, channels int) {
		t.Helper()
		for i := range imageSize * imageSize {
			w := want[channels*i:][:channels]
			if !slices.Equal(p.pixels[3*i:][:3], w[:3]) || channels == 4 && p.outside[i] != (w[3] == 0) {
				t.Errorf("%s: pixel (%d, %d) is %v, outside %v; Pillow has %v", what, i/imageSize, i%imageSize, p.pixels[3*i:][:3], p.outside[i], w)
				return
			}
		}
	}
	compared := 0
	for _, kind := range []struct {
		name     string
		policy   []subPolicy
		operate  func(*picture, operation, *rng.Rand)
		channels int
	}{{"authors", policyOfAuthors, (*picture).authors, 4}, {"torchvision", policyOfTable, (*picture).torchvision, 3}} {
		size := n * imageSize * imageSize * kind.channels
		each := func(want []byte, apply func(p *picture), what string) {
			for i := range n {
				p := new(picture)
				copy(p.pixels[:], images[i*pixels:])
				apply(p)
				same(fmt.Sprintf("%s, picture %d", what, i), p, want[i*size/n:][:size/n], kind.channels)
				compared++
			}
		}
		both, pairs := bytes(kind.name+".both"), 0
		for _, s := range kind.policy {
			if s[0].name == "Cutout" || s[1].name == "Cutout" {
				continue
			}
			for _, o := range s {
				name := fmt.Sprintf("%s.%s.%d", kind.name, o.name, o.level)
				for row := range len(bytes(name)) / size {
					sign := 1 - 2*row
					each(bytes(name)[row*size:], func(p *picture) { kind.operate(p, o, seeded(sign)) }, fmt.Sprint(name, " ", sign))
				}
			}
			each(both[pairs*size:], func(p *picture) {
				kind.operate(p, s[0], seeded(1))
				kind.operate(p, s[1], seeded(-1))
			}, fmt.Sprint(kind.name, s))
			pairs++
		}
		if pairs*size != len(both) {
			t.Errorf("%s: %d references of sub-policies, %d compared", kind.name, len(both)/size, pairs)
		}
	}
	if compared < 900 {
		t.Errorf("only %d pictures compared", compared)
	}
}

// TestStrengths: what the authors' program makes of a level, and torchvision.
func TestStrengths(t *testing.T) {
	p := new(picture)
	for i := range p.pixels {
		p.pixels[i] = byte(i / 3 % imageSize) // the column
	}
	ours, theirs := *p, *p
	ours.authors(operation{name: "TranslateX", level: 9}, seeded(1))
	theirs.torchvision(operation{name: "TranslateX", level: 9}, seeded(-1))
	if ours.pixels[0] != 9 || theirs.pixels[0] != 14 {
		t.Errorf("translated by %d and %d pixels, want 9 and 14", ours.pixels[0], theirs.pixels[0])
	}
	for i := range p.pixels {
		p.pixels[i] = 255
	}
	ours, theirs = *p, *p
	ours.authors(operation{name: "Posterize", level: 7}, seeded(1))
	theirs.torchvision(operation{name: "Posterize", level: 7}, seeded(1))
	if ours.pixels[0] != 0b11000000 || theirs.pixels[0] != 0b11111000 {
		t.Errorf("posterized to %b and %b, want 2 bits and 5", ours.pixels[0], theirs.pixels[0])
	}
}

func TestPolicies(t *testing.T) {
	if len(policyOfAuthors) != 95 || len(policyOfTable) != 25 {
		t.Errorf("%d and %d sub-policies, want 95 and 25", len(policyOfAuthors), len(policyOfTable))
	}
	p := new(picture)
	p.cutOut(3, 20, 8) // rows and columns from 3−4 to 20+4
	if !p.outside[0] || !p.outside[23*imageSize+23] || p.outside[24] || p.outside[24*imageSize] {
		t.Error("cut out elsewhere than the authors' program does")
	}
	p.opaque()
	if p.cutOut(30, 2, 8); slices.Contains(p.outside[:], true) {
		t.Error("cut out where the authors' loops are empty")
	}
}

// TestPolicyComesBeforeCropAndFlip: an image that a policy changes is that of
// the data set, changed, then cropped and mirrored.
func TestPolicyComesBeforeCropAndFlip(t *testing.T) {
	b := newBench(t, "cutout+autoaugment", 12, 1, "length=0")
	m := b.method.(*joint)
	a, ok := m.changes[0].(*autoAugment)
	if !ok {
		t.Fatal("autoaugment is not the first change")
	}
	a.policy = []subPolicy{{{"TranslateX", 1, 9}, {"Invert", 0, 0}}}
	for i := range b.step.Picks {
		b.step.Picks[i].DX, b.step.Picks[i].DY, b.step.Picks[i].Flip = int8(i%9-4), int8(4-i%5), i%2 == 0
	}
	loader := b.net.Loader(b.step.Source)
	loader.Set(b.step.Picks)
	b.be.Run(12, device.Stage{loader.Op()})
	before := b.read(b.net.Input())
	m.batch.open(12)
	m.changes[0].change(&b.step, m.batch)
	m.batch.close()
	after := b.read(b.net.Input())
	for i, p := range b.step.Picks {
		// A shift by 9 of the picture, seen through crop and mirror: the same
		// rows, columns moved by 9 one way or the other, zeros where nothing is.
		found := false
		for _, by := range []int{9, -9} {
			fits := true
			for y := range imageSize {
				for x := range imageSize {
					column := x // of the data set's image
					if p.Flip {
						column = imageSize - 1 - x
					}
					column += int(p.DX) + by
					at := (i*imageSize+y)*imageSize + x
					got, row := after[3*at], y+int(p.DY)
					want := float32(0)
					moved := column - by
					if uint(row) < imageSize && uint(column) < imageSize && uint(moved) < imageSize {
						v := b.step.Source.Pixels[int(p.Index)*pixels+3*(row*imageSize+column)]
						want = (float32(v)/255 - b.data.Mean[0]) / b.data.Std[0]
					}
					fits = fits && got == want
				}
			}
			found = found || fits
		}
		if !found || slices.Equal(after[i*pixels:][:pixels], before[i*pixels:][:pixels]) {
			t.Errorf("image %d, picked as %+v, is not the shifted picture cropped and mirrored", i, p)
		}
	}
}

// TestUnchangedPicturesAreAsLoaded: rendering does what the loader does.
func TestUnchangedPicturesAreAsLoaded(t *testing.T) {
	for _, policy := range []string{"authors", "table", "torchvision"} {
		b := newBench(t, "autoaugment", 12, 1, "policy="+policy)
		m := b.method.(*joint)
		a := m.changes[0].(*autoAugment)
		a.policy = []subPolicy{{{"Brightness", 1, 5}, {"Invert", 0, 0}}}
		a.operate = func(*picture, operation, *rng.Rand) {}
		for i := range b.step.Picks {
			b.step.Picks[i].DX, b.step.Picks[i].DY, b.step.Picks[i].Flip = int8(i%9-4), int8(4-i%9), i%3 == 0
		}
		loader := b.net.Loader(b.step.Source)
		loader.Set(b.step.Picks)
		b.be.Run(12, device.Stage{loader.Op()})
		before := b.read(b.net.Input())
		m.batch.open(12)
		a.change(&b.step, m.batch)
		m.batch.close()
		if !slices.Equal(before, b.read(b.net.Input())) {
			t.Errorf("policy=%s: pictures that nothing has changed differ from those loaded", policy)
		}
	}
}

func TestAutoAugment(t *testing.T) {
	for _, policy := range []string{"authors", "table", "torchvision"} {
		before, after, _ := changed(t, "autoaugment", 0, "policy="+policy)
		n := 0
		holes(before, after, func(_, _, _, _, _, count int) {
			if count > 0 {
				n++
			}
		})
		if n < 6 {
			t.Errorf("policy=%s: %d of 12 images changed", policy, n)
		}
		for i, v := range after {
			c := i % 3
			lo, hi := -[3]float32{.5, .45, .4}[c]/[3]float32{.25, .2, .3}[c], (1-[3]float32{.5, .45, .4}[c])/[3]float32{.25, .2, .3}[c]
			if v < lo-1e-5 || v > hi+1e-5 {
				t.Fatalf("pixel %g is outside %g to %g", v, lo, hi)
			}
		}
		if _, again, _ := changed(t, "autoaugment", 0, "policy="+policy); !slices.Equal(after, again) {
			t.Error("another draw at the same step")
		}
	}
}
