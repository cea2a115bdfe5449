package dataset

import (
	"math"

	"srn/pkg/rng"
)

// outlines are shapes about the origin by their signed distance, negative
// within, in units of their radius.
var outlines = []struct {
	name string
	at   func(u, v float64) float64
}{
	{"disc", func(u, v float64) float64 { return math.Sqrt(u*u+v*v) - .85 }},
	{"square", func(u, v float64) float64 { return max(math.Abs(u), math.Abs(v)) - .75 }},
	{"triangle", func(u, v float64) float64 { return max(.866*math.Abs(u)+.5*v, -v) - .5 }},
	{"cross", func(u, v float64) float64 {
		u, v = math.Abs(u), math.Abs(v)
		return min(max(u-.95, v-.36), max(u-.36, v-.95))
	}},
	{"ring", func(u, v float64) float64 { return math.Abs(math.Sqrt(u*u+v*v)-.68) - .3 }},
}

// texture is a pattern of tones from 0 to 1.
type texture struct {
	cos, sin     float64 // direction and frequency, in radians a pixel
	phase, other float64
	dots         float64 // 0 for stripes, 1 for dots, between for a mixture
}

// newTexture draws direction, frequency and phase of stripes.
func newTexture(r *rng.Rand) texture {
	sin, cos := math.Sincos(uniform(r, 0, math.Pi))
	f := 2 * math.Pi / uniform(r, 4, 7)
	return texture{cos: f * cos, sin: f * sin, phase: uniform(r, 0, 2*math.Pi), other: uniform(r, 0, 2*math.Pi)}
}

func (t *texture) at(x, y float64) float64 {
	a := math.Sin(t.cos*x + t.sin*y + t.phase)
	if t.dots > 0 {
		a += t.dots * (1.6*a*math.Sin(t.cos*y-t.sin*x+t.other) - a)
	}
	return min(max(.5+a, 0), 1)
}

// object is what an image shows: an outline, or a mixture of two, filled by a
// texture.
type object struct {
	outline, other         int
	dots                   float64
	x, y, cos, sin, radius float64
	texture                texture
}

// syntheticObject is the object of a class, still to be placed.
func syntheticObject(class int) object {
	outline := class % len(outlines)
	return object{outline: outline, other: outline, dots: float64(class / len(outlines))}
}

// blend is half way between two objects.
func blend(a, b object) object {
	a.other = b.outline
	a.dots = (a.dots + b.dots) / 2
	return a
}

// place draws what does not depend on the class.
func (o *object) place(r *rng.Rand) {
	o.radius = uniform(r, 9, 14)
	margin := .9 * o.radius
	o.x, o.y = uniform(r, margin, Size-margin), uniform(r, margin, Size-margin)
	sin, cos := math.Sincos(uniform(r, -.4, .4))
	o.sin, o.cos = sin/o.radius, cos/o.radius
	o.texture = newTexture(r)
	o.texture.dots = o.dots
}

// at returns how much of a pixel the object covers, how much of that is its
// rim, and the tone of the rest, all from 0 to 1.
func (o *object) at(x, y float64) (cover, rim, tone float64) {
	dx, dy := x-o.x, y-o.y
	u, v := dx*o.cos+dy*o.sin, dy*o.cos-dx*o.sin
	d := outlines[o.outline].at(u, v)
	if o.other != o.outline {
		d = (d + outlines[o.other].at(u, v)) / 2
	}
	d *= o.radius
	if cover = min(max(.5-d, 0), 1); cover == 0 {
		return 0, 0, 0
	}
	return cover, min(max(d+1.8, 0), 1), o.texture.at(x, y)
}
