package landscape

import (
	"fmt"
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what a surface needs of a classifier; [srn/pkg/resnet.Net] is one.
type Network interface {
	Backend() device.Backend
	Params() device.Buffer
	Running() device.Buffer
	Load()
	Logits() device.Buffer
	Targets() device.Buffer
	Loss() device.Buffer
	Grad() device.Buffer
	Loader(*device.Images) device.Loader
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
	labels   []int32
	examples []int32
	classes  int
	loader   device.Loader

	picks   []device.Pick
	targets []float32
	logits  []float32
	part    []float32 // gradient of a batch
	sum     []float64

	// OnBatch, if set, is told how many examples a pass has just taken in; its
	// error ends the pass.
	OnBatch func(examples int) error
}

// NewSurface plans the surface of the examples with the given indices. The
// mode is nn.Eval (running statistics) or nn.TrainFrozen (each batch's own, so
// that results depend on the network's batch size). Gradients need a network
// that is not ForwardOnly.
func NewSurface(net Network, images *device.Images, labels, examples []int32, mode nn.Mode) *Surface {
	batch := net.Loss().Len()
	return &Surface{
		net: net, be: net.Backend(), mode: mode, labels: labels, examples: examples,
		classes: net.Logits().Len() / batch, loader: net.Loader(images),
		picks:   make([]device.Pick, 0, batch),
		targets: make([]float32, net.Targets().Len()),
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
	return s.pass(func(int) {})
}

// Gradient is the loss at the present parameters, and its gradient.
func (s *Surface) Gradient(dst []float32) (Point, error) {
	if s.part == nil {
		s.part, s.sum = make([]float32, s.Dim()), make([]float64, s.Dim())
	}
	clear(s.sum)
	p, err := s.pass(func(n int) {
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
	_, err = s.pass(func(n int) { logits = append(logits, s.logits[:n*s.classes]...) })
	for _, e := range s.examples {
		labels = append(labels, s.labels[e])
	}
	return logits, labels, err
}

// pass runs the network over the examples; after is called after each batch.
func (s *Surface) pass(after func(images int)) (Point, error) {
	if len(s.examples) == 0 {
		return Point{}, fmt.Errorf("a mean loss needs at least one example")
	}
	var loss float64
	correct := 0
	for lo := 0; lo < len(s.examples); lo += cap(s.picks) {
		part := s.examples[lo:min(lo+cap(s.picks), len(s.examples))]
		n := len(part)
		s.picks = s.picks[:0]
		clear(s.targets)
		for i, e := range part {
			s.picks = append(s.picks, device.Pick{Index: e})
			s.targets[i*s.classes+int(s.labels[e])] = 1
		}
		s.be.Write(s.net.Targets(), s.targets)
		s.loader.Set(s.picks)
		s.be.Run(n, device.Stage{s.loader.Op()})
		s.net.Forward(n, s.mode)
		logits := s.logits[:n*s.classes]
		s.be.Read(logits, s.net.Logits().Slice(0, len(logits)))
		for i, e := range part {
			l, right := score(logits[i*s.classes:(i+1)*s.classes], int(s.labels[e]))
			loss += l
			if right {
				correct++
			}
		}
		after(n)
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
