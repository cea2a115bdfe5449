package evaluate

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what evaluation needs of a classifier; [srn/pkg/resnet.Net] is one.
type Network interface {
	Backend() device.Backend
	Logits() device.Buffer // Batch×classes
	Loader(*device.Images) device.Loader
	Forward(images int, mode nn.Mode)
}

// Evaluator scores a network on one set of labelled images, again and again
// as the network's parameters change.
type Evaluator struct {
	net      Network
	labels   []int32
	examples []int32
	classes  int
	batch    int
	loader   device.Loader
	picks    []device.Pick
	logits   []float32
	truth    []int32

	// OnBatch, if set, is told how many examples were just scored; its error
	// ends the run.
	OnBatch func(examples int) error
}

// New plans the evaluation of the examples with the given indices among the
// images, which labels belong to one by one. Batch is the network's batch size:
// the device may prefer fewer images at a time. Images are not augmented.
func New(net Network, images *device.Images, labels, examples []int32, batch int) *Evaluator {
	return &Evaluator{
		net: net, labels: labels, examples: examples,
		classes: net.Logits().Len() / batch, batch: net.Backend().ImagesAtOnce(batch),
		loader: net.Loader(images),
		picks:  make([]device.Pick, 0, batch),
		logits: make([]float32, net.Logits().Len()),
	}
}

// Run scores the network as it is now, with the running statistics of its
// batch normalisation. It does not change the network.
func (e *Evaluator) Run() (Result, error) {
	be := e.net.Backend()
	score := NewScore(e.classes)
	for lo := 0; lo < len(e.examples); lo += e.batch {
		part := e.examples[lo:min(lo+e.batch, len(e.examples))]
		n := len(part)
		e.picks, e.truth = e.picks[:0], e.truth[:0]
		for _, i := range part {
			e.picks = append(e.picks, device.Pick{Index: i})
			e.truth = append(e.truth, e.labels[i])
		}
		e.loader.Set(e.picks)
		be.Run(n, device.Stage{e.loader.Op()})
		e.net.Forward(n, nn.Eval)
		logits := e.logits[:n*e.classes]
		be.Read(logits, e.net.Logits().Slice(0, len(logits)))
		if err := score.Add(logits, e.truth); err != nil {
			return Result{}, err
		}
		if e.OnBatch != nil {
			if err := e.OnBatch(n); err != nil {
				return Result{}, err
			}
		}
	}
	return score.Result()
}
