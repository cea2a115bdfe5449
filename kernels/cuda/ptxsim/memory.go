package ptxsim

import (
	"fmt"
	"math/bits"
	"strings"
)

// memory parses ld and st of global and shared memory, and ld.param.
func (p *parser) memory(op, args []string) (func(w *warp, on uint32), error) {
	load, space, count, ty := op[0] == "ld", op[1], 1, op[len(op)-1]
	if len(op) == 4 {
		count = int(op[2][1] - '0') // v2 or v4
	}
	at, values := args[1], args[0]
	if !load {
		at, values = args[0], args[1]
	}
	list, err := p.operands(arguments(strings.Trim(values, "{}")))
	if err != nil {
		return nil, err
	}
	if len(list) != count {
		return nil, fmt.Errorf("%d values, want %d", len(list), count)
	}
	if space == "param" {
		var n int
		if _, err := fmt.Sscanf(at[strings.LastIndex(at, "_"):], "_%d]", &n); err != nil || n >= p.params {
			return nil, fmt.Errorf("parameter %s", at)
		}
		d, size := list[0], typeSize(ty)
		return func(w *warp, on uint32) {
			v := truncate(w.block.args[n], size)
			for l := range w.reg[d] {
				w.reg[d][l] = v
			}
		}, nil
	}
	if space != "global" && space != "shared" {
		return nil, fmt.Errorf("address space %q", space)
	}
	base, offset, err := p.address(at)
	size := typeSize(ty)
	return func(w *warp, on uint32) {
		address := w.value(base)
		for ; on != 0; on &= on - 1 {
			l := bits.TrailingZeros32(on)
			words, shadows := w.locate(space, address[l]+offset, size*count)
			thread := uint32(lanes*w.number + l + 1)
			for i := range shadows {
				w.block.race(&shadows[i], thread, !load, w.place)
			}
			for i, r := range list {
				switch {
				case size == 1 && load:
					w.reg[r][l] = uint64(words[0] >> (8 * (address[l] + offset) % 32) & 255)
				case size == 4 && load:
					w.reg[r][l] = uint64(words[i])
				case size == 8 && load:
					w.reg[r][l] = uint64(words[2*i]) | uint64(words[2*i+1])<<32
				case size == 4:
					words[i] = uint32(w.value(r)[l])
				case size == 8:
					v := w.value(r)[l]
					words[2*i], words[2*i+1] = uint32(v), uint32(v>>32)
				}
			}
		}
	}, err
}

// locate returns the words at an address and what is known of their accesses.
func (w *warp) locate(space string, address uint64, size int) ([]uint32, []shadow) {
	if address%uint64(size) != 0 {
		fail("%s: address %#x is not aligned to %d bytes", w.place(), address, size)
	}
	n := (size + 3) / 4
	if space == "shared" {
		b := w.block
		if address+uint64(size) > uint64(4*len(b.shared)) {
			fail("%s: %d bytes at %d of %d bytes of shared memory", w.place(), size, address, 4*len(b.shared))
		}
		i := address / 4
		return b.shared[i : i+uint64(n)], b.shadow[i : i+uint64(n)]
	}
	a, i := w.block.machine.find(address, size)
	if a == nil {
		fail("%s: no %d bytes at %#x", w.place(), size, address)
	}
	return a.words[i : i+n], a.shadow[i : i+n]
}
