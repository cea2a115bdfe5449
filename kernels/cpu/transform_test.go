package cpu

import "testing"

type matrix [][]float64

func (m matrix) transposed() matrix {
	t := make(matrix, len(m[0]))
	for i := range t {
		for j := range m {
			t[i] = append(t[i], m[j][i])
		}
	}
	return t
}

// sandwich returns m·x·mᵀ for a square x, with error bounds.
func (m matrix) sandwich(x func(i, j int) float64) [][]sum {
	y := make([][]sum, len(m))
	for p := range m {
		y[p] = make([]sum, len(m))
		for q := range m {
			for i, mi := range m[p] {
				for j, mj := range m[q] {
					y[p][q].add(mi * mj * x(i, j))
				}
			}
		}
	}
	return y
}

// nowhere is where results are that a transform leaves out.
const nowhere = -1

// A transformed is what a transform m·x·mᵀ of tiles wrote.
type transformed struct {
	m               matrix
	tiles, channels int
	x               func(tile, i, j, channel int) float64
	at              func(tile, i, j, channel int) int // where the result is, or nowhere
	got, before     []float32                         // what the array holds, and held
	finish          func(value sum, at, channel int) sum
}

// check fails the test where a result is wrong, or where something else was written.
func (c *transformed) check(t *testing.T) {
	t.Helper()
	for tile := range c.tiles {
		for ch := range c.channels {
			want := c.m.sandwich(func(i, j int) float64 { return c.x(tile, i, j, ch) })
			for i := range want {
				for j, value := range want[i] {
					at := c.at(tile, i, j, ch)
					if at == nowhere {
						continue
					}
					if c.finish != nil {
						value = c.finish(value, at, ch)
					}
					if !value.near(c.got[at]) {
						t.Fatalf("tile %d of %d (%d,%d) channel %d of %d: %v, want %v", tile, c.tiles, i, j, ch, c.channels, c.got[at], value.value)
					}
					c.before[at] = c.got[at]
				}
			}
		}
	}
	if i, ok := sameBits(c.got, c.before); !ok {
		t.Fatalf("%d tiles of %d channels: wrote between the tiles at %d", c.tiles, c.channels, i)
	}
}

// An inputPatch reads an image as input transforms do: with a row above and
// one below by themselves, and zeros where there is none.
type inputPatch struct {
	image, above, below []float32
	c, row, rows, width int
}

// randomPatch is one with or without the outer rows.
func (a *arena) randomPatch(c, rows, width int, below bool) inputPatch {
	p := inputPatch{c: c, rows: rows, width: width, row: width*c + a.between(0, 40)}
	p.image = a.random((rows-1)*p.row + width*c)
	if a.between(0, 1) == 0 {
		p.above = a.random(width * c)
	}
	if below && a.between(0, 1) == 0 {
		p.below = a.random(width * c)
	}
	return p
}

func (p *inputPatch) at(y, x, channel int) float64 {
	i := x*p.c + channel
	switch {
	case x < 0 || x >= p.width || y < 0 && p.above == nil || y >= p.rows && p.below == nil:
		return 0
	case y < 0:
		return float64(p.above[i])
	case y >= p.rows:
		return float64(p.below[i])
	}
	return float64(p.image[y*p.row+i])
}

// An activationCase is what an activating transform is given beside its products.
type activationCase struct {
	coef, residual []float32
	held           []float32 // the residual before, zeros if there is none
}

// randomActivation is one with another residual, with the image itself, or without.
func (a *arena) randomActivation(c int, image []float32) activationCase {
	v := activationCase{coef: a.random(2 * c), held: make([]float32, len(image))}
	switch a.between(0, 2) {
	case 0:
		v.residual = a.random(len(image))
	case 1:
		v.residual = image
	}
	copy(v.held, v.residual)
	return v
}

func (v *activationCase) finish(c int) func(value sum, at, channel int) sum {
	return func(value sum, at, channel int) sum {
		return value.activated(v.coef[channel], v.coef[c+channel], v.held[at])
	}
}
