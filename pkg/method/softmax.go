package method

import "math"

// softmax writes the probabilities of logits z to p and returns log Σ exp z.
func softmax(p, z []float64) (logSum float64) {
	largest := math.Inf(-1)
	for _, v := range z {
		// Written so that a NaN logit makes everything NaN.
		if !(v <= largest) {
			largest = v
		}
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v - largest)
	}
	logSum = largest + math.Log(sum)
	for k, v := range z {
		p[k] = math.Exp(v - logSum)
	}
	return logSum
}

// crossEntropyRow is −Σ_k t_k·log p_k and its gradient, p·Σt − t, in the very
// arithmetic of the backend's.
func crossEntropyRow(d, z, t []float64) (loss float64) {
	logSum := softmax(d, z)
	total := 0.0
	for k, v := range t {
		total += v
		if v != 0 {
			loss -= v * (z[k] - logSum)
		}
	}
	for k, p := range d {
		d[k] = total*p - t[k]
	}
	return loss
}

// argmax is the index of the largest, the first of equals.
func argmax(v []float64) int {
	best := 0
	for k, x := range v {
		if x > v[best] {
			best = k
		}
	}
	return best
}
