// Package ptxsim interprets PTX, so that tests can run the very kernels that
// ship on a machine without a GPU. It covers what the project's kernels use.
//
// A warp of 32 threads is executed together, the threads with the lowest
// program counter first; warps run one after the other from barrier to
// barrier, and blocks one after the other. Memory that was never written is
// NaN, every address is checked, and so is that threads do not race: between
// two barriers no thread may touch a word that another one writes, and no
// block one that another block of the launch writes.
//
// Nothing here is evidence of speed, nor of what a driver's compiler makes of
// the PTX. The fused multiply-add of float32 goes through float64, which
// rounds twice in rare cases.
package ptxsim

import (
	"fmt"
	"math"
)

// Machine is a device with memory and the kernels that were loaded.
type Machine struct {
	kernels map[string]*kernel
	blocks  []*allocation
	last    *allocation // the latest one found

	epoch       uint32 // counts barriers and blocks; 0 is before all launches
	launchEpoch uint32 // of the first block of the launch at hand
	blockEpoch  uint32 // of the beginning of the block at hand

	Steps int // instructions executed, counted by thread
}

// New returns a machine without memory or kernels.
func New() *Machine { return &Machine{kernels: map[string]*kernel{}} }

// Load adds the kernels of a PTX module.
func (m *Machine) Load(ptx string) error {
	list, err := parse(ptx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if m.kernels[k.name] != nil {
			return fmt.Errorf("ptxsim: kernel %s is loaded already", k.name)
		}
		m.kernels[k.name] = k
	}
	return nil
}

// allocation is a range of global memory in words of 4 bytes.
type allocation struct {
	address uint64
	words   []uint32
	shadow  []shadow
}

const (
	firstAddress = 1 << 32
	guard        = 4096 // bytes between allocations that belong to none
)

// Alloc returns the address of bytes (rounded up to words) filled with NaN.
func (m *Machine) Alloc(bytes int) uint64 {
	address := uint64(firstAddress)
	if n := len(m.blocks); n > 0 {
		last := m.blocks[n-1]
		address = last.address + uint64(4*len(last.words)) + guard
		address -= address % 256
	}
	n := (bytes + 3) / 4
	a := &allocation{address, make([]uint32, n), make([]shadow, n)}
	for i := range a.words {
		a.words[i] = math.MaxUint32
	}
	m.blocks = append(m.blocks, a)
	return address
}

// find returns the allocation with size bytes at an address and the index of
// the first word.
func (m *Machine) find(address uint64, size int) (*allocation, int) {
	inside := func(a *allocation) bool {
		return address >= a.address && address+uint64(size) <= a.address+uint64(4*len(a.words))
	}
	if m.last == nil || !inside(m.last) {
		m.last = nil
		for _, a := range m.blocks {
			if inside(a) {
				m.last = a
			}
		}
		if m.last == nil {
			return nil, 0
		}
	}
	return m.last, int(address-m.last.address) / 4
}

// words returns n words of memory.
func (m *Machine) words(address uint64, n int) []uint32 {
	a, at := m.find(address, 4*n)
	if a == nil || address%4 != 0 {
		panic(fmt.Sprintf("ptxsim: no %d words at %#x", n, address))
	}
	return a.words[at : at+n]
}

// Write copies float32 to memory.
func (m *Machine) Write(address uint64, src []float32) {
	for i := range m.words(address, len(src)) {
		m.words(address, len(src))[i] = math.Float32bits(src[i])
	}
}

// Read copies float32 from memory.
func (m *Machine) Read(dst []float32, address uint64) {
	for i, w := range m.words(address, len(dst)) {
		dst[i] = math.Float32frombits(w)
	}
}

// WriteWords and ReadWords copy anything else, little-endian.
func (m *Machine) WriteWords(address uint64, src []uint32) { copy(m.words(address, len(src)), src) }

// ReadWords is the counterpart of WriteWords.
func (m *Machine) ReadWords(dst []uint32, address uint64) { copy(dst, m.words(address, len(dst))) }

// ReadFloat64 copies float64 from memory.
func (m *Machine) ReadFloat64(dst []float64, address uint64) {
	w := m.words(address, 2*len(dst))
	for i := range dst {
		dst[i] = math.Float64frombits(uint64(w[2*i]) | uint64(w[2*i+1])<<32)
	}
}

// Launch runs a kernel to its end.
func (m *Machine) Launch(name string, grid, block [3]int, shared int, args []uint64) (err error) {
	k := m.kernels[name]
	threads := block[0] * block[1] * block[2]
	switch {
	case k == nil:
		return fmt.Errorf("ptxsim: no kernel %s", name)
	case len(args) != k.params:
		return fmt.Errorf("ptxsim: %s has %d parameters, launched with %d", name, k.params, len(args))
	case threads < 1 || threads > k.mostThreads || threads > 1024 || grid[0] < 1 || grid[1] < 1 || grid[2] < 1:
		return fmt.Errorf("ptxsim: %s (at most %d threads): grid %v of blocks %v", name, k.mostThreads, grid, block)
	case shared > 48<<10:
		return fmt.Errorf("ptxsim: %s: %d bytes of shared memory", name, shared)
	}
	b := newBlock(m, k, grid, block, shared, args)
	defer func() {
		if f := recover(); f != nil {
			fault, ok := f.(fault)
			if !ok {
				panic(f)
			}
			err = fmt.Errorf("ptxsim: %s, block %v: %s", name, b.index, string(fault))
		}
	}()
	m.epoch++
	m.launchEpoch = m.epoch
	for z := range grid[2] {
		for y := range grid[1] {
			for x := range grid[0] {
				b.run([3]int{x, y, z})
			}
		}
	}
	return nil
}

// fault is what a kernel did wrong; it travels as a panic.
type fault string

func fail(format string, args ...any) { panic(fault(fmt.Sprintf(format, args...))) }
