package ptxsim

import (
	"fmt"
	"math"
	"math/bits"
)

const lanes = 32

// vector is a register of all threads of a warp.
type vector [lanes]uint64

// block is a block of threads in execution.
type block struct {
	machine   *Machine
	kernel    *kernel
	index     [3]int
	grid, dim [3]int
	args      []uint64
	shared    []uint32
	shadow    []shadow
	warps     []*warp
}

// warp is 32 threads of a block.
type warp struct {
	block    *block
	number   int
	reg      []vector
	pc       [lanes]int
	live     uint32 // threads that have not returned
	waiting  uint32 // threads at a barrier
	barrier  int    // where they wait
	met      uint32 // threads at an instruction that needs the whole warp
	meeting  int    // where they are
	position int    // of the instruction at hand
	copies   [lanes][]copy16
}

func newBlock(m *Machine, k *kernel, grid, dim [3]int, shared int, args []uint64) *block {
	b := &block{machine: m, kernel: k, grid: grid, dim: dim, args: args,
		shared: make([]uint32, (shared+3)/4), shadow: make([]shadow, (shared+3)/4)}
	for i := range (dim[0]*dim[1]*dim[2] + lanes - 1) / lanes {
		b.warps = append(b.warps, &warp{block: b, number: i, reg: make([]vector, k.registers)})
	}
	return b
}

// run executes the block of that index.
func (b *block) run(index [3]int) {
	m := b.machine
	b.index = index
	m.epoch++
	m.blockEpoch = m.epoch
	for i := range b.shared {
		b.shared[i] = math.MaxUint32
	}
	clear(b.shadow) // another block's shared memory is other memory
	threads := b.dim[0] * b.dim[1] * b.dim[2]
	for i, w := range b.warps {
		w.pc, w.waiting, w.met, w.live = [lanes]int{}, 0, 0, math.MaxUint32
		if left := threads - lanes*i; left < lanes {
			w.live = 1<<left - 1
		}
		for _, s := range b.kernel.special {
			for l := range w.reg[s.register] {
				w.reg[s.register][l] = uint64(s.value(b, lanes*i+l))
			}
		}
	}
	for b.runToBarrier() {
		m.epoch++
	}
	for _, w := range b.warps {
		for l, c := range w.copies {
			if len(c) > 0 {
				fail("thread %d has not waited for what it copies", lanes*w.number+l)
			}
		}
	}
}

// runToBarrier runs all warps until their threads wait or have returned, and
// reports whether any wait. Then they go on.
func (b *block) runToBarrier() bool {
	for _, w := range b.warps {
		w.run()
	}
	waiting, returned, barrier := 0, 0, 0
	for _, w := range b.warps {
		returned += lanes - bits.OnesCount32(w.live)
		if w.waiting == 0 {
			continue
		}
		if waiting > 0 && w.barrier != barrier {
			fail("threads wait at different barriers, lines %d and %d", b.kernel.code[w.barrier].line, b.kernel.code[barrier].line)
		}
		waiting, barrier = waiting+bits.OnesCount32(w.waiting), w.barrier
		w.waiting = 0
	}
	absent := lanes*len(b.warps) - b.dim[0]*b.dim[1]*b.dim[2]
	if waiting > 0 && returned > absent {
		fail("%d threads returned before the barrier in line %d", returned-absent, b.kernel.code[barrier].line)
	}
	return waiting > 0
}

// run executes the warp until all its threads wait at a barrier or have returned.
func (w *warp) run() {
	code := w.block.kernel.code
	for {
		active := w.live &^ w.waiting &^ w.met
		if active == 0 {
			if w.met != 0 {
				fail("line %d, %s: without the lanes %#x", code[w.meeting].line, code[w.meeting].text, ^w.met)
			}
			return
		}
		// The threads that are furthest behind go on until they have caught
		// up with the next ones.
		pc, next, mask := math.MaxInt, math.MaxInt, uint32(0)
		for set := active; set != 0; set &= set - 1 {
			l := bits.TrailingZeros32(set)
			switch p := w.pc[l]; {
			case p < pc:
				pc, next, mask = p, pc, 1<<l
			case p == pc:
				mask |= 1 << l
			case p < next:
				next = p
			}
		}
		for pc < next && mask != 0 {
			in := &code[pc]
			w.position = pc
			w.block.machine.Steps += bits.OnesCount32(mask)
			on := mask
			if in.predicated {
				on = w.where(in.predicate, in.negated) & mask
			}
			pc++
			switch in.kind {
			case kindBranch:
				if on == mask {
					pc = in.target
				} else if on != 0 {
					w.setPC(on, in.target)
					mask &^= on
					next = min(next, in.target)
				}
			case kindReturn:
				w.live &^= on
				mask &^= on
			case kindBarrier:
				if w.waiting != 0 && w.barrier != pc-1 {
					fail("threads of a warp wait at different barriers, lines %d and %d", code[w.barrier].line, in.line)
				}
				w.waiting, w.barrier = w.waiting|on, pc-1
				w.setPC(on, pc)
				mask &^= on
			case kindWarp:
				w.meet(on, pc-1)
				mask &^= on
			default:
				if on != 0 {
					in.exec(w, on)
				}
			}
		}
		w.setPC(mask, pc)
	}
}

// meet has threads wait at an instruction until the whole warp has come, which
// then executes it.
func (w *warp) meet(on uint32, at int) {
	in := &w.block.kernel.code[at]
	if w.met != 0 && w.meeting != at {
		fail("threads of a warp meet at different instructions, lines %d and %d", w.block.kernel.code[w.meeting].line, in.line)
	}
	w.met, w.meeting = w.met|on, at
	w.setPC(on, at+1)
	if w.met == math.MaxUint32 {
		in.exec(w, w.met)
		w.met = 0
	}
}

func (w *warp) setPC(mask uint32, pc int) {
	for ; mask != 0; mask &= mask - 1 {
		w.pc[bits.TrailingZeros32(mask)] = pc
	}
}

// where returns the threads whose predicate is set, or not set.
func (w *warp) where(predicate int, negated bool) uint32 {
	var mask uint32
	for l, v := range w.reg[predicate] {
		mask |= uint32(v&1) << l
	}
	if negated {
		mask = ^mask
	}
	return mask
}

// value returns an operand's values: a register, or a constant.
func (w *warp) value(o int) *vector {
	if o < 0 {
		return &w.block.kernel.constants[^o]
	}
	return &w.reg[o]
}

// place says where the instruction at hand is.
func (w *warp) place() string {
	in := &w.block.kernel.code[w.position]
	return fmt.Sprintf("line %d, %s", in.line, in.text)
}
