package main

// A place is an element of an array with two strides: base + n[0]·strides[0]
// + n[1]·strides[1], with those of its base.
type place struct {
	base string
	n    [2]int
}

// A stride is a register that holds a number of bytes and, where they are
// wanted, the registers of odd multiples of it.
type stride map[int]string

// times returns the register and the scale that make n times the stride.
func (s stride) times(n int) (register string, scale int, ok bool) {
	for _, scale := range []int{1, 2, 4, 8} {
		if r, ok := s[n/scale]; ok && n > 0 && n%scale == 0 {
			return r, scale, true
		}
	}
	return "", 0, n == 0
}

// places finds operands for places: from the base itself or from cursors,
// registers that point to places found before.
type places struct {
	*assembler
	strides map[string][2]stride // of each base
	cursors []cursor
	clock   int
}

type cursor struct {
	register string
	at       place // no base: nowhere
	used     int
}

func newPlaces(a *assembler, strides map[string][2]stride, cursors ...string) *places {
	p := &places{assembler: a, strides: strides}
	for _, c := range cursors {
		p.cursors = append(p.cursors, cursor{register: c})
	}
	return p
}

// reach returns the operand of a place. If no cursor reaches it, the one that
// was used longest ago is moved there.
func (p *places) reach(to place) string {
	p.clock++
	if operand, ok := p.direct(to); ok {
		return operand
	}
	c := &p.cursors[0]
	for i := range p.cursors {
		if p.cursors[i].used < c.used {
			c = &p.cursors[i]
		}
	}
	p.move(c.register, to)
	c.at, c.used = to, p.clock
	return at(c.register, 0)
}

// direct returns the operand of a place that can be reached as the cursors are.
func (p *places) direct(to place) (string, bool) {
	for i := range p.cursors {
		c := &p.cursors[i]
		if c.at.base != to.base {
			continue
		}
		if operand, ok := p.from(c.register, c.at, to); ok {
			c.used = p.clock
			return operand, true
		}
	}
	return p.from(to.base, place{base: to.base}, to)
}

// from returns the operand of a place from a register that points to another one.
func (p *places) from(register string, have, to place) (string, bool) {
	d := [2]int{to.n[0] - have.n[0], to.n[1] - have.n[1]}
	for axis := range d {
		if d[1-axis] != 0 {
			continue
		}
		if index, scale, ok := p.strides[to.base][axis].times(d[axis]); ok {
			return indexed(register, index, scale, 0), true
		}
	}
	return "", false
}

// move writes the instructions that point a register to a place.
func (p *places) move(register string, to place) {
	for axis := range to.n {
		// By way of a place that differs along one axis.
		for way := range to.n[axis] {
			by := to
			by.n[axis] = way
			first, ok := p.direct(by)
			if !ok {
				continue
			}
			if second, ok := p.from(register, by, to); ok {
				p.op("LEAQ", first, register)
				p.op("LEAQ", second, register)
				return
			}
		}
	}
	if to.n[0] != 0 {
		by := to
		by.n[0]--
		p.move(register, by)
		p.op("ADDQ", p.strides[to.base][0][1], register)
		return
	}
	p.op("IMUL3Q", imm(to.n[1]), p.strides[to.base][1][1], register)
	p.op("ADDQ", to.base, register)
}
