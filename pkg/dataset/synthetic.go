package dataset

import (
	"fmt"
	"math"
	"sync"

	"srn/pkg/rng"
)

// syntheticAmbiguous is the share of synthetic images that show something half
// way between two classes and are labelled as either: half of them cannot be
// told, so that no classifier passes 1 - syntheticAmbiguous/2.
const syntheticAmbiguous = 0.06

var syntheticStream = rng.Stream("synthetic")

// Synthetic draws a data set of 10 classes, five outlines in two textures,
// that needs no download: each image shows one object on a cluttered ground.
// Place, size, rotation, the ground and its texture say nothing about the
// class, colours a little. Images depend on the seed and their position alone, classes are
// balanced, and a few percent of the images are ambiguous. Mean, Std and the
// parts are still to be set.
func Synthetic(train, test int, seed uint64) (*Data, error) {
	d := &Data{Name: "synthetic", Classes: syntheticClasses()}
	for i, e := range []struct {
		name string
		n    int
		dst  *Split
	}{{"training", train, &d.Train}, {"test", test, &d.Test}} {
		if e.n < len(d.Classes) || e.n > 1_000_000 {
			return nil, fmt.Errorf("%d synthetic %s images, want %d to 1000000", e.n, e.name, len(d.Classes))
		}
		*e.dst = synthesize(e.n, seed, uint64(i))
	}
	return d, nil
}

func syntheticClasses() []string {
	var names []string
	for _, t := range []string{"striped", "dotted"} {
		for _, o := range outlines {
			names = append(names, t+"_"+o.name)
		}
	}
	return names
}

// synthesize draws n images of a part: 0 for training, 1 for tests.
func synthesize(n int, seed, part uint64) Split {
	s := Split{Pixels: make([]byte, n*Pixels), Labels: make([]int32, n)}
	classes := 2 * len(outlines)
	for i, p := range rng.New(seed, syntheticStream, part).Perm(n) {
		s.Labels[i] = int32(p % classes)
	}
	const workers = 8 // fewer run where there are fewer cores; images do not depend on it
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var r rng.Rand
			for i := w; i < n; i += workers {
				r.Reset(seed, syntheticStream, part, uint64(i))
				drawScene(s.Image(i), int(s.Labels[i]), &r)
			}
		})
	}
	wg.Wait()
	return s
}

// drawScene draws one image of a class.
func drawScene(image []byte, class int, r *rng.Rand) {
	first := syntheticObject(class)
	object := first
	if r.Float64() < syntheticAmbiguous {
		object = blend(first, syntheticObject((class+1+r.IntN(2*len(outlines)-1))%(2*len(outlines))))
	}
	object.place(r)
	ground := newGround(r)
	front, back := newPaint(class, r)
	edge := mix(front, color{}, .7)
	behind, before := newClutter(r, 4), newClutter(r, 1)
	shade := uniform(r, -.25, .25) // light from one side
	gain, lift := uniform(r, .7, 1.1), uniform(r, -.08, .08)
	for y := range Size {
		for x := range Size {
			px, py := float64(x)+.5, float64(y)+.5
			c := ground.at(px, py)
			c = behind.over(c, px, py)
			if cover, rim, tone := object.at(px, py); cover > 0 {
				c = mix(c, mix(mix(back, front, tone), edge, rim), cover)
			}
			c = before.over(c, px, py)
			light := 1 + shade*(px+py-Size)/Size
			at := image[(y*Size+x)*3:]
			bits := r.Uint64()
			for ch := range c {
				v := (c[ch]*light-.5)*gain + .5 + lift + .04*noise(&bits)
				at[ch] = byte(255*min(max(v, 0), 1) + .5)
			}
		}
	}
}

// noise turns 20 bits into a number of mean 0 and variance 1, nearly normal:
// the sum of four uniform ones.
func noise(bits *uint64) float64 {
	sum := 0
	for range 4 {
		sum += int(*bits & 31)
		*bits >>= 5
	}
	return (float64(sum) - 62) / 18.466
}

func uniform(r *rng.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// color is red, green and blue from 0 to 1.
type color [3]float64

func randomColor(r *rng.Rand) color { return color{r.Float64(), r.Float64(), r.Float64()} }

// newPaint draws the two colours of an object. The first leans to a hue of its
// class, as colours do in photographs, but too little to tell it by; they
// differ enough for the texture to show.
func newPaint(class int, r *rng.Rand) (front, back color) {
	front = mix(randomColor(r), hue(float64(class)/float64(2*len(outlines))), .5)
	for {
		if back = randomColor(r); distance(front, back) > .6 {
			return front, back
		}
	}
}

// hue is the saturated colour at a place from 0 to 1 of the colour circle.
func hue(at float64) (c color) {
	for i := range c {
		c[i] = .5 + .5*math.Cos(2*math.Pi*(at-float64(i)/3))
	}
	return c
}

func mix(a, b color, t float64) color {
	for i := range a {
		a[i] += t * (b[i] - a[i])
	}
	return a
}

func distance(a, b color) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// ground is smooth random colour under a faint texture.
type ground struct {
	corners [5][5]color
	texture texture
	depth   float64
}

func newGround(r *rng.Rand) *ground {
	g := &ground{texture: newTexture(r), depth: uniform(r, -.12, .12)}
	g.texture.dots = float64(r.IntN(2))
	base := randomColor(r)
	for i := range g.corners {
		for j := range g.corners[i] {
			g.corners[i][j] = mix(base, randomColor(r), .4)
		}
	}
	return g
}

func (g *ground) at(x, y float64) color {
	const cell = Size / 4
	i, j := min(int(y/cell), 3), min(int(x/cell), 3)
	u, v := x/cell-float64(j), y/cell-float64(i)
	c := mix(mix(g.corners[i][j], g.corners[i][j+1], u), mix(g.corners[i+1][j], g.corners[i+1][j+1], u), v)
	t := g.depth * (g.texture.at(x, y) - .5)
	for ch := range c {
		c[ch] += t
	}
	return c
}

// clutter is a number of small plain scraps.
type clutter []scrap

type scrap struct {
	x, y, cos, sin, long, wide float64
	color                      color
}

// newClutter draws up to n scraps.
func newClutter(r *rng.Rand, n int) clutter {
	c := make(clutter, r.IntN(n+1))
	for i := range c {
		sin, cos := math.Sincos(uniform(r, 0, math.Pi))
		c[i] = scrap{
			uniform(r, 0, Size), uniform(r, 0, Size), cos, sin,
			uniform(r, 1.5, 5), uniform(r, .6, 1.8), randomColor(r),
		}
	}
	return c
}

func (c clutter) over(under color, x, y float64) color {
	for i := range c {
		s := &c[i]
		dx, dy := x-s.x, y-s.y
		u, v := math.Abs(dx*s.cos+dy*s.sin), math.Abs(dy*s.cos-dx*s.sin)
		if cover := min(s.long-u, s.wide-v) + .5; cover > 0 {
			under = mix(under, s.color, min(cover, 1))
		}
	}
	return under
}
