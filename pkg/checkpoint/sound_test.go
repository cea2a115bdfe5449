package checkpoint

import (
	"errors"
	"math"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Statistics that are not finite, and epochs beyond the last, are refused.
func TestDamagedCheckpoints(t *testing.T) {
	for want, change := range map[string]func(*Checkpoint){
		"":                         func(*Checkpoint) {},
		"bn1.running_mean":         func(c *Checkpoint) { c.Running[0] = float32(math.NaN()) },
		"running_var":              func(c *Checkpoint) { c.Running[len(c.Running)-1] = float32(math.Inf(1)) },
		`metadata "epoch": 9 is`:   func(c *Checkpoint) { c.Meta.Epoch = 9 },
		`metadata "epoch": -1 is `: func(c *Checkpoint) { c.Meta.Epoch = -1 },
	} {
		c := &Checkpoint{Meta: Meta{Arch: "resnet8", NumClasses: 10, Std: [3]float32{1, 1, 1}, Epoch: 3,
			Training: &record.Training{Data: record.Data{TrainSplit: "train"}, Methods: []string{"ce"}, Method: "ce", Parameters: map[string]any{}, Epochs: 8, Precision: "f32"}}}
		params, running, err := c.Layouts()
		if err != nil {
			t.Fatal(err)
		}
		c.Params, c.Running = make([]float32, params.Len()), make([]float32, running.Len())
		change(c)
		f, err := c.File()
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode("x", f, Overrides{})
		var bad *artifact.FormatError
		if want == "" && err != nil || want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), want) || bad.Mend == "") {
			t.Errorf("%q: %v", want, err)
		}
	}
}
