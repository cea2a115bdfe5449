package landscape

import (
	"fmt"
	"math"
	"slices"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what a surface needs of a classifier; [srn/pkg/resnet.Net] is one.
type Network interface {
	dataset.Classifier
	Params() device.Buffer
	Running() device.Buffer
	Load()
	Logits() device.Buffer
	Grad() device.Buffer
	Forward(images int, mode nn.Mode)
	CrossEntropy(images int)
	Backward(images int)
}

// Point is a loss with what goes with it.
type Point struct {
	Loss float64 // mean over the examples; NaN or Inf where the network overflows
	Top1 float64 // fraction correctly classified
}

// Surface is the mean cross-entropy over a set of labelled images as a
// function of a network's parameters: the sum of the examples' losses divided
// by their number.
type Surface struct {
	net      Network
	be       device.Backend
	mode     nn.Mode
	batches  *dataset.Batches
	labels   []int32
	examples []int32

	logits []float32
	part   []float32 // gradient of a batch
	sum    []float64

	// OnBatch, if set, is told how many examples a pass has just taken in; its
	// error ends the pass.
	OnBatch func(examples int) error
}

// NewSurface plans the surface of the examples with the given indices. The
// mode is nn.Eval (running statistics) or nn.TrainFrozen (each batch's own, so
// that results depend on the network's batch size). Gradients need a network
// that is not ForwardOnly.
func NewSurface(net Network, images *device.Images, labels, examples []int32, mode nn.Mode) *Surface {
	return &Surface{
		net: net, be: net.Backend(), mode: mode, labels: labels, examples: examples,
		batches: dataset.NewBatches(net, images, labels),
		logits:  make([]float32, net.Logits().Len()),
	}
}

// Dim is the number of trainable parameters.
func (s *Surface) Dim() int { return s.net.Params().Len() }

// Move gives the network parameters and, unless there are none, running
// statistics.
func (s *Surface) Move(params, running []float32) {
	s.be.Write(s.net.Params(), params)
	if len(running) > 0 {
		s.be.Write(s.net.Running(), running)
	}
	s.net.Load()
}

// Here is the loss at the network's present parameters.
func (s *Surface) Here() (Point, error) {
	return s.pass(func(int, []float32) {})
}

// Gradient is the loss at the present parameters, and its gradient.
func (s *Surface) Gradient(dst []float32) (Point, error) {
	if s.part == nil {
		s.part, s.sum = make([]float32, s.Dim()), make([]float64, s.Dim())
	}
	clear(s.sum)
	p, err := s.pass(func(n int, _ []float32) {
		s.batches.WriteTargets()
		s.net.CrossEntropy(n)
		s.net.Backward(n)
		s.be.Read(s.part, s.net.Grad())
		for i, g := range s.part {
			s.sum[i] += float64(n) * float64(g)
		}
	})
	for i, g := range s.sum {
		dst[i] = float32(g / float64(len(s.examples)))
	}
	return p, err
}

// Logits are the network's outputs at the present parameters, examples ×
// classes, with the examples' labels.
func (s *Surface) Logits() (logits []float32, labels []int32, err error) {
	_, err = s.pass(func(_ int, batch []float32) { logits = append(logits, batch...) })
	for _, e := range s.examples {
		labels = append(labels, s.labels[e])
	}
	return logits, labels, err
}

// pass runs the network over the examples; after is called after each batch
// with its logits.
func (s *Surface) pass(after func(images int, logits []float32)) (Point, error) {
	if len(s.examples) == 0 {
		return Point{}, fmt.Errorf("a mean loss needs at least one example")
	}
	var loss float64
	correct, classes := 0, s.batches.Classes()
	for part := range slices.Chunk(s.examples, s.batches.Size()) {
		n := len(part)
		labels := s.batches.Load(part)
		s.net.Forward(n, s.mode)
		logits := s.logits[:n*classes]
		s.be.Read(logits, s.net.Logits().Slice(0, len(logits)))
		for i, y := range labels {
			l, right := score(logits[i*classes:(i+1)*classes], int(y))
			loss += l
			if right {
				correct++
			}
		}
		after(n, logits)
		if s.OnBatch != nil {
			if err := s.OnBatch(n); err != nil {
				return Point{}, err
			}
		}
	}
	n := float64(len(s.examples))
	return Point{loss / n, float64(correct) / n}, nil
}

// score is the cross-entropy of one image in float64, and whether the first of
// its largest logits is the label's.
func score(z []float32, label int) (loss float64, right bool) {
	best := 0
	for k, v := range z {
		if v > z[best] {
			best = k
		}
		if v != v {
			return math.NaN(), false
		}
	}
	var sum float64
	for _, v := range z {
		sum += math.Exp(float64(v) - float64(z[best]))
	}
	return math.Log(sum) + float64(z[best]) - float64(z[label]), best == label
}
