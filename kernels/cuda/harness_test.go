package cuda

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/kernels/cuda/ptxsim"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
)

// harness runs the same operations on the CPU backend and, as PTX, in the
// interpreter, over arrays with the same contents.
type harness struct {
	t       *testing.T
	rand    *rand.Rand
	machine *ptxsim.Machine
	cpu     *cpu.Backend
	whole   bool // numbers are small whole ones
}

var modules = sync.OnceValue(Modules)

// newHarness loads the named modules.
func newHarness(t *testing.T, names ...string) *harness {
	t.Helper()
	set, err := kernels.Select()
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, rand: rand.New(rand.NewPCG(1, 2)), machine: ptxsim.New(), cpu: cpu.New(1, set)}
	t.Cleanup(h.cpu.Close)
	for _, m := range modules() {
		if !slices.Contains(names, m.Name) {
			continue
		}
		if err := h.machine.Load(m.PTX); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// array is memory on both sides.
type array struct {
	host device.Buffer
	at   Ptr
}

// new returns n zeros on the CPU and n NaN in the interpreter.
func (h *harness) new(n int) array {
	return array{h.cpu.New(n), Ptr(h.machine.Alloc(4 * n))}
}

// set fills an array.
func (h *harness) set(a array, v []float32) array {
	h.cpu.Write(a.host, v)
	h.machine.Write(uint64(a.at), v)
	return a
}

func (h *harness) of(v []float32) array { return h.set(h.new(len(v)), v) }

// random returns n normal numbers, or whole ones.
func (h *harness) random(n int) array { return h.of(h.numbers(n)) }

func (h *harness) numbers(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = h.number()
	}
	return v
}

func (h *harness) number() float32 {
	if h.whole {
		return float32(h.rand.IntN(5) - 2)
	}
	return float32(h.rand.NormFloat64())
}

// scratch returns memory of the interpreter alone.
func (h *harness) scratch(bytes int) Ptr { return Ptr(h.machine.Alloc(bytes)) }

func (h *harness) read(at Ptr, n int) []float32 {
	v := make([]float32, n)
	h.machine.Read(v, uint64(at))
	return v
}

func (h *harness) launch(list ...Launch) {
	h.t.Helper()
	for _, l := range list {
		if err := h.machine.Launch(l.Kernel, l.Grid, l.Block, l.Shared, l.Args()); err != nil {
			h.t.Fatal(err)
		}
	}
}

// same compares an array's two sides, relative to the largest number in it.
func (h *harness) same(what string, a array, tolerance float64) {
	h.t.Helper()
	want := make([]float32, a.host.Len())
	h.cpu.Read(want, a.host)
	got := h.read(a.at, a.host.Len())
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i := range want {
		if d := math.Abs(float64(want[i]) - float64(got[i])); !(d <= tolerance*scale) {
			h.t.Fatalf("%s[%d] = %g, the CPU's is %g (largest %g)", what, i, got[i], want[i], scale)
		}
	}
}

// operand returns a random operand of images of the given number of elements:
// that many sources (0: stored as it is) and a post-operation.
func (h *harness) operand(sources int, post Post, channels, n int) (device.Operand, Operand) {
	if sources == 0 {
		a := h.random(n)
		return device.Stored(a.host), Stored(a.at)
	}
	coef := h.random((sources + 1) * channels)
	c, g := device.Operand{Coef: coef.host, Post: device.Post(post)}, Operand{Coef: coef.at, Post: post}
	for range sources {
		a := h.random(n)
		c.Src, g.Src = append(c.Src, a.host), append(g.Src, a.at)
	}
	if post == Mask {
		mask, maskCoef := h.random(n), h.random(2*channels)
		c.MaskSrc, c.MaskCoef, g.MaskSrc, g.MaskCoef = mask.host, maskCoef.host, mask.at, maskCoef.at
	}
	return c, g
}
