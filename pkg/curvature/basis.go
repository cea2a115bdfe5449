package curvature

// basis is a set of orthonormal vectors, float32 so that many fit in memory.
type basis struct {
	dim     int
	vectors [][]float32
	size    int       // vectors in use; the rest is spare memory
	coef    []float64 // of the latest projection, one for each vector in use
}

// push appends w/scale.
func (b *basis) push(w []float64, scale float64) {
	if b.size == len(b.vectors) {
		b.vectors = append(b.vectors, make([]float32, b.dim))
	}
	narrow(b.vectors[b.size], w, scale)
	b.size++
}

// last is the vector appended latest.
func (b *basis) last() []float32 { return b.vectors[b.size-1] }

// project removes from w its components along the basis, by classical
// Gram–Schmidt applied twice, which is orthogonal to rounding ("twice is
// enough", Giraud et al. 2005). It leaves the components in coef and returns
// the norm of what is left of w.
func (b *basis) project(w []float64) (rest float64) {
	b.coef = append(b.coef[:0], make([]float64, b.size)...)
	part := make([]float64, b.size)
	for range 2 {
		for i := range part {
			part[i] = dot(b.vectors[i], w)
		}
		for i, c := range part {
			axpy(w, -c, b.vectors[i])
			b.coef[i] += c
		}
	}
	return norm(w)
}

// combine computes dst = Σ_i s[i]·v_i.
func (b *basis) combine(dst []float64, s []float64) {
	clear(dst)
	for i, c := range s {
		axpy(dst, c, b.vectors[i])
	}
}

// rotate replaces the first n vectors, n being the length of each column of s,
// by the vectors Σ_i s[j][i]·v_i, one for each column, at most n; those beyond
// the first n stay, behind them. A block of coordinates at a time keeps the extra
// memory small.
func (b *basis) rotate(s [][]float64) {
	const block = 1024
	work := make([]float64, len(s)*block)
	for lo := 0; lo < b.dim; lo += block {
		hi := min(lo+block, b.dim)
		clear(work)
		for j, column := range s {
			w := work[j*block : j*block+hi-lo]
			for i, c := range column {
				axpy(w, c, b.vectors[i][lo:hi])
			}
		}
		for j := range s {
			narrow(b.vectors[j][lo:hi], work[j*block:j*block+hi-lo], 1)
		}
	}
	n, keep := len(s[0]), len(s)
	for i := n; i < b.size; i++ {
		b.swap(keep+i-n, i)
	}
	b.size -= n - keep
}

// swap exchanges two vectors.
func (b *basis) swap(i, j int) { b.vectors[i], b.vectors[j] = b.vectors[j], b.vectors[i] }
