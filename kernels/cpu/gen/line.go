package main

import (
	"bytes"
	"fmt"
	"math"
)

// A line is straight-line code over vectors whose registers are chosen at the
// end, when all of it is known: when none is free, the value that is wanted
// last gives way (Belady, "A study of replacement algorithms", 1966).
type line struct {
	*assembler
	frame   int // bytes at the bottom of the stack frame that are not for values
	steps   []step
	values  int
	hoisted map[float32]int // registers of constants
	places  *places         // where loads and stores that name a place find it
}

// A vector is a value times a scale that is not multiplied yet: [line.sum]
// makes it part of a multiply-add where it can.
type vector struct {
	value int
	scale float64
}

// A step is an instruction; dst and src number values.
type step struct {
	kind   stepKind
	dst    int
	src    []int
	k      float32
	memory string // operand of a load or store; all of another instruction
	place  place  // the same, of those that have no operand
}

type stepKind int

const (
	stepLoad   stepKind = iota // dst = memory
	stepStore                  // memory = src[0]
	stepAdd                    // dst = src[0] + src[1]
	stepSub                    // dst = src[0] − src[1]
	stepMulAdd                 // dst = k·src[1] + src[0]
	stepMulSub                 // dst = k·src[1] − src[0]
	stepMul                    // dst = k·src[0]
	stepZero                   // dst = 0
	stepMax                    // dst = max(src[0], src[1]), or src[1] if that is a NaN
	stepFused                  // dst = src[0]·src[1] + src[2], in place of src[0]
	stepOther                  // an instruction on other registers
)

// compute appends a step that makes a value.
func (l *line) compute(s step) int {
	s.dst = l.values
	l.values++
	l.steps = append(l.steps, s)
	return s.dst
}

func (l *line) load(memory string) vector {
	return vector{l.compute(step{kind: stepLoad, memory: memory}), 1}
}

func (l *line) store(v vector, memory string) {
	if !near(v.scale, 1) {
		v.value = l.compute(step{kind: stepMul, src: []int{v.value}, k: float32(v.scale)})
	}
	l.steps = append(l.steps, step{kind: stepStore, dst: -1, src: []int{v.value}, memory: memory})
}

// get and put load and store a vector at a place.
func (l *line) get(p place) vector { return vector{l.compute(step{kind: stepLoad, place: p}), 1} }

func (l *line) put(v vector, p place) {
	l.steps = append(l.steps, step{kind: stepStore, dst: -1, src: []int{v.value}, place: p})
}

// The arithmetic of vectors without pending scales.

func (l *line) add(a, b vector) vector { return l.plain(stepAdd, 0, a, b) }
func (l *line) sub(a, b vector) vector { return l.plain(stepSub, 0, a, b) }

// mulAdd is k·x + y.
func (l *line) mulAdd(k float32, x, y vector) vector { return l.plain(stepMulAdd, k, y, x) }

func (l *line) plain(kind stepKind, k float32, src ...vector) vector {
	s := step{kind: kind, k: k}
	for _, v := range src {
		s.src = append(s.src, v.value)
	}
	return vector{l.compute(s), 1}
}

// other appends an instruction on other than vector registers.
func (l *line) other(format string, args ...any) {
	l.steps = append(l.steps, step{kind: stepOther, dst: -1, memory: fmt.Sprintf(format, args...)})
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func (v vector) times(k float64) vector { return vector{v.value, v.scale * k} }

// sum is a + b in one instruction: the larger scale of the two stays apart.
func (l *line) sum(a, b vector) vector {
	if math.Abs(a.scale) < math.Abs(b.scale) {
		a, b = b, a
	}
	scale := math.Abs(a.scale)
	if !near(scale, math.Abs(b.scale)) {
		s := step{kind: stepMulAdd, src: []int{a.value, b.value}, k: float32(b.scale / scale)}
		if a.scale < 0 {
			s.kind = stepMulSub
		}
		return vector{l.compute(s), scale}
	}
	switch {
	case a.scale < 0 && b.scale < 0:
		return vector{l.compute(step{kind: stepAdd, src: []int{a.value, b.value}}), -scale}
	case a.scale < 0:
		a, b = b, a
		fallthrough
	case b.scale < 0:
		return vector{l.compute(step{kind: stepSub, src: []int{a.value, b.value}}), scale}
	}
	return vector{l.compute(step{kind: stepAdd, src: []int{a.value, b.value}}), scale}
}

func (l *line) difference(a, b vector) vector { return l.sum(a, b.times(-1)) }

// An allocation of the registers and of the slots of the stack frame that
// values give way to.
type allocation struct {
	*line
	uses  [][]int // of each value: the steps that still read it
	reg   []int   // of each value, −1: none
	slot  []int   // of each value, −1: none
	owner []int   // of each register: its value, −1: free
	taken []bool  // slots
}

// write writes the code and returns the size of the stack frame.
func (l *line) write() int {
	a := &allocation{line: l, owner: make([]int, l.registers-len(l.hoisted))}
	for range l.values {
		a.uses, a.reg, a.slot = append(a.uses, nil), append(a.reg, -1), append(a.slot, -1)
	}
	for i := range a.owner {
		a.owner[i] = -1
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		s := l.steps[i]
		if s.dst >= 0 && len(a.uses[s.dst]) == 0 {
			l.steps[i].kind, l.steps[i].src = -1, nil // nobody asks for it
			continue
		}
		for _, v := range s.src {
			a.uses[v] = append([]int{i}, a.uses[v]...)
		}
	}
	for _, s := range l.steps {
		a.step(s)
		for _, v := range s.src {
			if len(a.uses[v]) == 0 && a.slot[v] >= 0 {
				a.taken[a.slot[v]] = false
			}
		}
	}
	return l.frame + len(a.taken)*l.bytes
}

func (a *allocation) step(s step) {
	switch s.kind {
	case stepOther:
		fmt.Fprintf(&a.text, "\t%s\n", s.memory)
	case stepLoad:
		memory := a.operand(s)
		a.op("VMOVUPS", memory, a.take(s.dst))
	case stepStore:
		memory := a.operand(s)
		a.op("VMOVUPS", a.fetch(s.src[0]), memory)
		a.read(s)
	case stepZero:
		r := a.take(s.dst)
		a.op("VXORPS", r, r, r)
	case stepFused:
		x := a.fetch(s.src[0], s.src...)
		y, z := a.fetch(s.src[1], s.src...), a.fetch(s.src[2], s.src...)
		if len(a.uses[s.src[0]]) != 1 {
			panic("a fused product's first factor is read again")
		}
		a.read(s)
		a.set(s.dst, x)
		a.op("VFMADD213PS", z, y, x)
	case stepAdd, stepSub, stepMax:
		name := map[stepKind]string{stepAdd: "VADDPS", stepSub: "VSUBPS", stepMax: "VMAXPS"}[s.kind]
		x := a.fetch(s.src[0], s.src[1])
		var y any
		if v := s.src[1]; a.reg[v] < 0 && len(a.uses[v]) == 1 {
			y = a.at(a.slot[v])
		} else {
			y = a.fetch(v, s.src[0])
		}
		a.read(s)
		a.op(name, y, x, a.take(s.dst))
	case stepMul:
		x := a.fetch(s.src[0])
		a.read(s)
		a.op("VMULPS", a.factor(s.k), x, a.take(s.dst))
	case stepMulAdd, stepMulSub:
		name := map[stepKind]string{stepMulAdd: "VFMADD", stepMulSub: "VFMSUB"}[s.kind]
		x := a.fetch(s.src[0], s.src[1])
		y := a.fetch(s.src[1], s.src[0])
		switch {
		case len(a.uses[s.src[0]]) == 1:
			a.read(s)
			a.set(s.dst, x)
			a.op(name+"231PS", a.factor(s.k), y, x)
		case len(a.uses[s.src[1]]) == 1:
			a.read(s)
			a.set(s.dst, y)
			a.op(name+"132PS", a.factor(s.k), x, y)
		default:
			r := a.take(s.dst, s.src...)
			a.op("VMOVAPS", x, r)
			a.op(name+"231PS", a.factor(s.k), y, r)
			a.read(s)
		}
	}
}

// operand returns the operand of a load or store.
func (a *allocation) operand(s step) string {
	if s.memory != "" {
		return s.memory
	}
	return a.places.reach(s.place)
}

// factor returns the operand of a constant: its register or its memory.
func (l *line) factor(k float32) any {
	if r, ok := l.hoisted[k]; ok {
		return r
	}
	return l.constant(k)
}

// at returns the operand of a slot.
func (a *allocation) at(slot int) string { return at("SP", a.frame+slot*a.bytes) }

// fetch returns the register of a value and loads it if need be, but not in
// place of the values to keep.
func (a *allocation) fetch(v int, keep ...int) int {
	if a.reg[v] < 0 {
		a.op("VMOVUPS", a.at(a.slot[v]), a.take(v, keep...))
	}
	return a.reg[v]
}

func (a *allocation) set(v, reg int) { a.reg[v], a.owner[reg] = reg, v }

// take gives a value a register, not one of the values to keep.
func (a *allocation) take(v int, keep ...int) int {
	best, latest := -1, -1
	for r, o := range a.owner {
		if o < 0 {
			a.set(v, r)
			return r
		}
		kept := false
		for _, k := range keep {
			kept = kept || k == o
		}
		if next := a.uses[o][0]; !kept && next > latest {
			best, latest = r, next
		}
	}
	out := a.owner[best]
	if a.slot[out] < 0 {
		a.slot[out] = a.freeSlot()
		a.op("VMOVUPS", best, a.at(a.slot[out]))
	}
	a.reg[out] = -1
	a.set(v, best)
	return best
}

func (a *allocation) freeSlot() int {
	for i, taken := range a.taken {
		if !taken {
			a.taken[i] = true
			return i
		}
	}
	a.taken = append(a.taken, true)
	return len(a.taken) - 1
}

// read strikes a step from the uses of its sources; what has none left gives
// back its register. (Its slot is read until the end of the step.)
func (a *allocation) read(s step) {
	for _, v := range s.src {
		a.uses[v] = a.uses[v][1:]
		if len(a.uses[v]) == 0 && a.reg[v] >= 0 {
			a.owner[a.reg[v]] = -1
		}
	}
}

// framed calls a body and puts the head of a function with the stack frame
// that it returns before what it wrote.
func (a *assembler) framed(name, argName, argType, doc string, body func() (frame int)) {
	before := a.text
	a.text = bytes.Buffer{}
	frame := body()
	code := a.text
	a.text = before
	fmt.Fprintf(&a.text, "\n// func %s(%s *%s)\nTEXT ·%s(SB), 0, $%d-8\n", name, argName, argType, name, frame)
	a.text.Write(code.Bytes())
	fmt.Fprintf(&a.decls, "\n// %s %s\n//\n//go:noescape\nfunc %s(%s *%s)\n", name, doc, name, argName, argType)
}
