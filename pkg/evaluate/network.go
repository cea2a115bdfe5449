package evaluate

import (
	"slices"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what evaluation needs of a classifier; [srn/pkg/resnet.Net] is one.
type Network interface {
	dataset.Classifier
	Logits() device.Buffer // Batch×classes
	Forward(images int, mode nn.Mode)
}

// Evaluator scores a network on one set of labelled images, again and again
// as the network's parameters change.
type Evaluator struct {
	net      Network
	batches  *dataset.Batches
	examples []int32
	batch    int // images of a pass
	logits   []float32

	// OnBatch, if set, is told how many examples were just scored; its error
	// ends the run.
	OnBatch func(examples int) error
}

// New plans the evaluation of the examples with the given indices among the
// images, which labels belong to one by one. A pass takes the network's batch, or
// fewer images where the device prefers that. Images are not augmented.
func New(net Network, images *device.Images, labels, examples []int32) *Evaluator {
	batches := dataset.NewBatches(net, images, labels)
	return &Evaluator{
		net: net, batches: batches, examples: examples,
		batch:  net.Backend().ImagesAtOnce(batches.Size()),
		logits: make([]float32, net.Logits().Len()),
	}
}

// Run scores the network as it is now, with the running statistics of its
// batch normalisation. It does not change the network.
func (e *Evaluator) Run() (Result, error) {
	be, classes := e.net.Backend(), e.batches.Classes()
	score := NewScore(classes)
	for part := range slices.Chunk(e.examples, e.batch) {
		n := len(part)
		labels := e.batches.Load(part)
		e.net.Forward(n, nn.Eval)
		logits := e.logits[:n*classes]
		be.Read(logits, e.net.Logits().Slice(0, len(logits)))
		if err := score.Add(logits, labels); err != nil {
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
