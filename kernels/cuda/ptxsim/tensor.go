package ptxsim

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// tf32 rounds a float32 to 11 significant bits, halves away from zero.
func tf32(v uint64) uint64 {
	if math.IsNaN(float64(f32(v))) {
		return v
	}
	return truncate(v+0x1000, 4) &^ 0x1fff
}

// mma parses mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32, the product of
// fragments of a warp (see tensor.cuh). Products are exact and added one after
// another, in the order of k, in float32; the hardware's order is not known.
func (p *parser) mma(op, args []string) (func(w *warp, on uint32), error) {
	if strings.Join(op, ".") != "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" || len(args) != 4 {
		return nil, fmt.Errorf("not implemented")
	}
	var fragments [4][]int // d, a, b, c
	for i, count := range []int{4, 4, 2, 4} {
		list, err := p.operands(arguments(strings.Trim(args[i], "{}")))
		if err != nil || len(list) != count {
			return nil, fmt.Errorf("%d registers, want %d (%v)", len(list), count, err)
		}
		fragments[i] = list
	}
	d, c := fragments[0], fragments[3]
	return func(w *warp, _ uint32) {
		var a [16][8]float32
		var b [8][8]float32
		for l := range lanes {
			row, column := l/4, l%4
			for i, r := range fragments[1] {
				a[row+8*(i&1)][column+4*(i>>1)] = w.rounded(r, l)
			}
			for i, r := range fragments[2] {
				b[column+4*i][row] = w.rounded(r, l)
			}
		}
		for l := range lanes {
			var out [4]uint64
			for i := range out {
				row, column := l/4+8*(i>>1), 2*(l%4)+i&1
				sum := f32(w.value(c[i])[l])
				for k := range 8 {
					sum = float32(float64(a[row][k])*float64(b[k][column]) + float64(sum))
				}
				out[i] = of32(sum)
			}
			for i, r := range d {
				w.reg[r][l] = out[i]
			}
		}
	}, nil
}

// rounded is an operand of mma, which ignores bits that tf32 has not.
func (w *warp) rounded(register, lane int) float32 {
	v := w.value(register)[lane]
	if tf32(v) != v {
		fail("%s: %g of lane %d is not rounded to TF32", w.place(), f32(v), lane)
	}
	return f32(v)
}

// copy16 is an asynchronous copy of 16 bytes.
type copy16 struct{ to, from uint64 }

// asyncCopy parses cp.async. What is copied arrives when it is waited for; what
// was there is lost before.
func (p *parser) asyncCopy(op, args []string) (func(w *warp, on uint32), error) {
	switch strings.Join(op, ".") {
	case "cp.async.wait_all":
		return func(w *warp, on uint32) {
			for ; on != 0; on &= on - 1 {
				l := bits.TrailingZeros32(on)
				for _, c := range w.copies[l] {
					from := w.access("global", c.from, l, false)
					copy(w.access("shared", c.to, l, true), from)
				}
				w.copies[l] = w.copies[l][:0]
			}
		}, nil
	case "cp.async.ca.shared.global":
		if len(args) != 3 || args[2] != "16" {
			return nil, fmt.Errorf("not implemented")
		}
		to, toOffset, err := p.address(args[0])
		if err != nil {
			return nil, err
		}
		from, fromOffset, err := p.address(args[1])
		return func(w *warp, on uint32) {
			for ; on != 0; on &= on - 1 {
				l := bits.TrailingZeros32(on)
				c := copy16{w.value(to)[l] + toOffset, w.value(from)[l] + fromOffset}
				w.access("global", c.from, l, false)
				for i := range w.access("shared", c.to, l, true) {
					w.block.shared[int(c.to/4)+i] = math.MaxUint32
				}
				w.copies[l] = append(w.copies[l], c)
			}
		}, err
	}
	return nil, fmt.Errorf("not implemented")
}

// access returns 16 bytes that a lane reads or writes.
func (w *warp) access(space string, address uint64, lane int, write bool) []uint32 {
	words, shadows := w.locate(space, address, 16)
	for i := range shadows {
		w.block.race(&shadows[i], uint32(lanes*w.number+lane+1), write, w.place)
	}
	return words
}
