package method

// The losses below are members of slf's group.

// plainLoss is cross-entropy.
type plainLoss struct{}

func (plainLoss) row(d, z, t []float64) float64 { return crossEntropyRow(d, z, t) }

// focal is −Σ_k t_k·(1−p_k)²·log p_k (Lin et al. 2017, γ = 2).
type focal struct{ p []float64 }

func (l *focal) row(d, z, t []float64) (loss float64) {
	l.p = append(l.p[:0], z...)
	logSum := softmax(l.p, z)
	clear(d)
	mean := 0.0
	for k, w := range t {
		if w == 0 {
			continue
		}
		p, rest, logP := l.p[k], 1-l.p[k], z[k]-logSum
		loss -= w * rest * rest * logP
		d[k] = w * (2*rest*p*logP - rest*rest) // ∂/∂log p_k
		mean += d[k]
	}
	for k, p := range l.p {
		d[k] -= mean * p
	}
	return loss
}

// absoluteError is Σ_k t_k·(1−p_k): half of Σ|p − t| for one label
// (Ghosh, Kumar & Sastry 2017).
type absoluteError struct{ p []float64 }

func (l *absoluteError) row(d, z, t []float64) (loss float64) {
	l.p = append(l.p[:0], z...)
	softmax(l.p, z)
	mean := 0.0
	for k, p := range l.p {
		loss += t[k] * (1 - p)
		mean += t[k] * p
	}
	for k, p := range l.p {
		d[k] = p * (mean - t[k])
	}
	return loss
}

// logitMargin is cross-entropy of z − t: one has to be reached with a margin
// of 1 (Wang et al. 2018, without their normalisation).
type logitMargin struct{ z []float64 }

func (l *logitMargin) row(d, z, t []float64) float64 {
	l.z = l.z[:0]
	for k, v := range z {
		l.z = append(l.z, v-t[k])
	}
	return crossEntropyRow(d, l.z, t)
}
