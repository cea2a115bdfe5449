package cpu

import "slices"

// Activations of a batch do not fit into the caches, so each group of images
// starts with operands that lie in memory. The products in between leave the
// memory bus idle: they are given the operands of the next group to prefetch.

// region is an array of images that an operation reads or writes.
type region struct {
	memory   []float32
	perImage int
}

// touch lists the arrays that an operation reads and writes.
type touch struct{ in, out []region }

func (t *touch) touches() *touch { return t }

// toucher is an operation that embeds its touch.
type toucher interface{ touches() *touch }

// lookThrough sets what a segment reads of other chains' results. A segment
// that begins a chain has nothing warm.
func (b *Backend) lookThrough(s *segment, begins bool) {
	if s.cold = s.cold[:0]; begins {
		b.warm = b.warm[:0]
	}
	for _, o := range s.ops {
		t, ok := o.(toucher)
		if !ok {
			continue
		}
		for _, r := range t.touches().in {
			if first := &r.memory[0]; !slices.Contains(b.warm, first) {
				b.warm = append(b.warm, first) // once is enough
				s.cold = append(s.cold, r)
			}
		}
		for _, r := range t.touches().out {
			b.warm = append(b.warm, &r.memory[0])
		}
	}
}

// lookAhead tells a worker what images lo to hi-1 will read.
func (w *worker) lookAhead(cold []region, lo, hi int) {
	w.ahead = w.ahead[:0]
	w.aheadAt = 0
	if lo >= hi {
		return
	}
	for _, r := range cold {
		w.ahead = append(w.ahead, r.memory[lo*r.perImage:hi*r.perImage])
	}
}

// prefetchable is how many multiply-adds hide the prefetch of one float: about
// as many as the inner loops of the products give each one.
const prefetchable = 16

// upcoming returns memory to prefetch during a product of so many
// multiply-adds.
func (w *worker) upcoming(multiplyAdds int) []float32 {
	if w.aheadAt == len(w.ahead) {
		return nil
	}
	s := w.ahead[w.aheadAt]
	n := multiplyAdds / prefetchable
	if n >= len(s) {
		w.aheadAt++
		return s
	}
	w.ahead[w.aheadAt] = s[n:]
	return s[:n]
}
