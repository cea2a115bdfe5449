package train

import (
	"srn/pkg/artifact"
	"srn/pkg/device"
)

// tally adds up an epoch's figures: on the host what the host knows, on the
// device what steps leave there.
type tally struct {
	device.Tally
	images, steps float64
	labels        device.Buffer
	host          []float32 // of labels
}

func newTally(r *Run) *tally {
	batch := r.Net.Loss().Len()
	t := &tally{labels: r.be.New(batch), host: make([]float32, batch)}
	t.Tally = r.be.Tally(device.Figures{Loss: r.Net.Loss(), Logits: r.Net.Logits(), Labels: t.labels, Classes: r.Net.Classes,
		Gradient: r.Net.Grad(), Made: []device.Buffer{r.Net.Params(), r.Net.Running()}})
	return t
}

// made says what a fault's number among the figures stands for.
func made(f device.Fault) string {
	if f.Made < 0 {
		return "loss or gradient is"
	}
	return [...]string{"parameters are", "running statistics are"}[f.Made]
}

// begin takes the classes of a step's images to the device.
func (t *tally) begin(be device.Backend, labels []int32) {
	for i, class := range labels {
		t.host[i] = float32(class)
	}
	be.Write(t.labels, t.host)
}

// add counts a step of so many images.
func (t *tally) add(step, images int) {
	t.Add(step, images)
	t.images += float64(images)
	t.steps++
}

// clear begins an epoch.
func (t *tally) clear() {
	t.images, t.steps = 0, 0
	t.Set(device.Sums{})
}

func (t *tally) tensor(s device.Sums) artifact.Tensor {
	return artifact.Float64("state.tally", []int{5}, []float64{t.images, s.Correct, t.steps, s.Loss, s.GradNorm})
}

func (t *tally) restore(v []float64) {
	t.images, t.steps = v[0], v[2]
	t.Set(device.Sums{Correct: v[1], Loss: v[3], GradNorm: v[4]})
}
