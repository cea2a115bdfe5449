package measure

import (
	"math"
	"testing"

	"srn/pkg/checkpoint"
	"srn/pkg/record"
)

// TestBounds: heavy-ball and Nesterov momentum have each their factor, and
// without learning rate or weight decay there is no bound.
func TestBounds(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	training := &record.Training{Epochs: 10, LR: 0.2, Schedule: "constant", Momentum: 0.9, WeightDecay: 0.5}
	nesterov := *training
	nesterov.Nesterov = true
	for name, c := range map[string]struct {
		b              Stability
		training       *record.Training
		bound, atPlain float64 // with momentum, and learning rate over bound_l2; 0: none
	}{
		"told":                    {training: training, bound: 2 / 4.0 * 1.9, atPlain: 0.2 / (2 / 4.0)},
		"Nesterov":                {training: &nesterov, bound: 2 / 4.0 * 1.9 / 2.8, atPlain: 0.2 / (2 / 4.0)},
		"not told":                {},
		"learning rate alone":     {b: Stability{LR: number(0.1)}},
		"without momentum":        {b: Stability{LR: number(0.1), WeightDecay: number(0)}, atPlain: 0.1 / (2 / 3.5)},
		"by flags":                {b: Stability{LR: number(0.1), WeightDecay: number(0), Momentum: number(0.5)}, bound: 2 / 3.5 * 1.5, atPlain: 0.1 / (2 / 3.5)},
		"flags before the record": {b: Stability{LR: number(0.1)}, training: training, bound: 2 / 4.0 * 1.9, atPlain: 0.1 / (2 / 4.0)},
	} {
		r := &record.Stability{}
		r.LambdaMax = 3.5
		c.b.descent(&checkpoint.Checkpoint{Meta: checkpoint.Meta{Training: c.training, Epoch: 3}}).bound(r)
		for what, pair := range map[string]struct {
			got  *float64
			want float64
		}{"bound with momentum": {r.BoundMomentum, c.bound}, "learning rate over the bound": {r.LROverBound, c.atPlain}} {
			switch {
			case pair.want == 0 && pair.got != nil:
				t.Errorf("%s: %s %g, want none", name, what, *pair.got)
			case pair.want != 0 && (pair.got == nil || math.Abs(*pair.got-pair.want) > 1e-12):
				t.Errorf("%s: %s %v, want %g", name, what, pair.got, pair.want)
			}
		}
	}
}
