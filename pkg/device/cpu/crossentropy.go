package cpu

import (
	"math"

	"srn/pkg/device"
)

// crossEntropy is the loss −Σ_k t_k·log p_k with p = softmax(logits) and its
// gradient, p·Σt − t, divided by the number of images.
type crossEntropy struct {
	b                              *Backend
	loss, dlogits, logits, targets []float32
	classes                        int
}

// CrossEntropy implements device.Layers.
func (b *Backend) CrossEntropy(loss, dlogits, logits, targets device.Buffer, classes int) device.Op {
	return &crossEntropy{b, host(loss), host(dlogits), host(logits), host(targets), classes}
}

// softmax returns the largest logit and Σ exp(z − largest).
func softmax(z []float32) (largest, sum float64) {
	largest = math.Inf(-1)
	for _, v := range z {
		// Written so that a NaN logit makes everything NaN.
		if !(float64(v) <= largest) {
			largest = float64(v)
		}
	}
	for _, v := range z {
		sum += math.Exp(float64(v) - largest)
	}
	return largest, sum
}

func (o *crossEntropy) images(_ *worker, s span) {
	scale := 1 / float64(o.b.n)
	for i := s.lo; i < s.hi; i++ {
		z, t := o.logits[i*o.classes:][:o.classes], o.targets[i*o.classes:][:o.classes]
		d := o.dlogits[i*o.classes:][:o.classes]
		largest, sum := softmax(z)
		logSum := largest + math.Log(sum)
		var loss, total float64
		for k, v := range t {
			total += float64(v)
			if v != 0 {
				loss -= float64(v) * (float64(z[k]) - logSum)
			}
		}
		o.loss[i] = float32(loss)
		for k, v := range z {
			d[k] = float32(scale * (total*math.Exp(float64(v)-logSum) - float64(t[k])))
		}
	}
}

// crossEntropyTangent is the tangent of the gradient, Σt·p∘(ż − ⟨p, ż⟩),
// divided by the number of images.
type crossEntropyTangent struct {
	b                                      *Backend
	dlogitsDot, logitsDot, logits, targets []float32
	classes                                int
}

// CrossEntropyTangent implements device.Layers.
func (b *Backend) CrossEntropyTangent(dlogitsDot, logitsDot, logits, targets device.Buffer, classes int) device.Op {
	return &crossEntropyTangent{b, host(dlogitsDot), host(logitsDot), host(logits), host(targets), classes}
}

func (o *crossEntropyTangent) images(_ *worker, s span) {
	scale := 1 / float64(o.b.n)
	for i := s.lo; i < s.hi; i++ {
		z, zDot := o.logits[i*o.classes:][:o.classes], o.logitsDot[i*o.classes:][:o.classes]
		d := o.dlogitsDot[i*o.classes:][:o.classes]
		largest, sum := softmax(z)
		var mean, total float64
		for k, v := range z {
			mean += math.Exp(float64(v)-largest) / sum * float64(zDot[k])
			total += float64(o.targets[i*o.classes+k])
		}
		for k, v := range z {
			p := math.Exp(float64(v)-largest) / sum
			d[k] = float32(scale * total * p * (float64(zDot[k]) - mean))
		}
	}
}
