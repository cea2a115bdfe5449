package cpu

// Activations of a batch do not fit into the caches, so each group of images
// starts with operands that lie in memory. The products in between leave the
// memory bus idle: they are given the operands of the next group to prefetch.

// region is an array of images that an operation reads or writes.
type region struct {
	memory   []float32
	perImage int
}

// toucher tells which arrays an operation reads and writes.
type toucher interface {
	reads() []region
	writes() []region
}

// cold appends what a stage reads of other stages' results.
func cold(list []region, stage []op) []region {
	written := map[*float32]bool{}
	for _, o := range stage {
		t, ok := o.(toucher)
		if !ok {
			continue
		}
		for _, r := range t.reads() {
			if first := &r.memory[0]; !written[first] {
				written[first] = true // once is enough
				list = append(list, r)
			}
		}
		for _, r := range t.writes() {
			written[&r.memory[0]] = true
		}
	}
	return list
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

// prefetchable is how many multiply-adds hide the prefetch of one float: at
// some 60 per nanosecond, 30 bytes per nanosecond, which is about what memory
// gives one core.
const prefetchable = 8

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
