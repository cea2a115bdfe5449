//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// lookEvery is after how many steps the host looks for a fault: seldom enough
// that waiting for the device, which then waits for the host, costs nothing to
// speak of, often enough that a run goes on for little after it has diverged.
const lookEvery = 64

// tally lies on the device as one row of float64.
type tally struct {
	b       *Backend
	f       device.Figures
	sums    kernels.Ptr
	squares kernels.Ptr
	norms   []launch  // that make squares
	host    []float64 // the row, in memory of its own

	unseen int // steps since the host has looked
	reads  int // of the stream by then
}

// Tally implements device.Tallies.
func (b *Backend) Tally(f device.Figures) device.Tally {
	t := &tally{b: b, f: f, sums: b.allocate(8 * kernels.TallyLen),
		squares: b.allocate(kernels.SquaresLen * (1 + len(f.Made))), host: make([]float64, kernels.TallyLen)}
	var vectors []kernels.Vector
	for _, v := range append([]device.Buffer{f.Gradient}, f.Made...) {
		vectors = append(vectors, kernels.Vector{At: at(v), N: v.Len()})
	}
	t.norms = b.resolve(kernels.Squares(t.squares, vectors...))
	return t
}

// Add implements device.Tally.
func (t *tally) Add(step, n int) {
	t.b.stream.launch(t.norms...)
	t.b.now(kernels.Tally(t.sums, t.squares, 1+len(t.f.Made), at(t.f.Loss), at(t.f.Logits), at(t.f.Labels), t.f.Classes, n, t.f.ByStep, step))
	t.b.stream.submit() // the device need not wait for what comes after the step
	t.unseen++
}

// Fault implements device.Tally. The host looks every so many steps, and where
// it has waited for the device since it looked last, which costs it little
// then: whoever computes with the device's numbers on the host, as some methods
// do at each step, does not get to see those of a run that has long diverged.
func (t *tally) Fault() (device.Fault, bool) {
	if t.unseen < lookEvery && t.b.stream.reads == t.reads {
		return device.Fault{}, false
	}
	_, f, found := t.Read()
	return f, found
}

// Read implements device.Tally.
func (t *tally) Read() (s device.Sums, f device.Fault, found bool) {
	t.b.stream.read(raw(t.host), t.sums)
	t.unseen, t.reads = 0, t.b.stream.reads
	v := t.host
	return device.Sums{Loss: v[0], Correct: v[1], GradNorm: v[2]}, device.Fault{Step: int(v[3]), Made: int(v[4]) - 1}, v[3] != 0
}

// Set implements device.Tally.
func (t *tally) Set(s device.Sums) {
	copy(t.host, []float64{s.Loss, s.Correct, s.GradNorm, 0, 0})
	t.b.stream.write(t.sums, raw(t.host))
}
