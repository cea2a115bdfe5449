package compare

import (
	"cmp"
	"fmt"
	"strings"

	"srn/pkg/record"
	"srn/pkg/report/number"
)

// Condition is how a measurement was made. Values of different conditions are
// never compared; in what else measurements may differ, kernels and precision,
// is a footnote (see [Measurements]).
type Condition struct {
	Dataset, Data      string // of the images
	Split, Subset      string
	SubsetSeed         int64
	Images             int
	BN                 string
	Batch              int // images of a pass, where BN has each batch's statistics
	Operator           string
	Objective          string
	Tau                float64 // of the smoothed margin; 0: another objective
	L2                 float64
	Params, Per, Block string // the part of the parameters; empty: all
}

// Of is the condition of a measurement of the loss itself.
func Of(on record.Examined, l record.LossConfig) Condition {
	c := Condition{Dataset: on.OnDataset, Data: on.OnDataSHA256, Split: on.Split, Subset: l.Subset, SubsetSeed: l.SubsetSeed, Images: on.Images, BN: l.BN,
		Operator: "hessian", Objective: l.Objective, L2: l.L2Term}
	if l.BN == "train" {
		c.Batch = l.PassImages
	}
	if l.Tau != nil {
		c.Tau = *l.Tau
	}
	if strings.HasPrefix(l.Subset, "first") || l.Subset == "all" {
		c.SubsetSeed = 0 // nothing is chosen at random
	}
	return c
}

// OfMatrix is the condition of a measurement of a matrix.
func OfMatrix(on record.Examined, m record.Matrix) Condition {
	c := Of(on, m.LossConfig)
	c.Operator, c.Params, c.Block = m.Operator, m.Params, m.Block
	if m.Block != "" {
		c.Per = m.Per
	}
	return c
}

// Whole says that it is of the Hessian of the mean loss in all parameters.
func (c Condition) Whole() bool {
	return c.Block == "" && c.Params == "" && c.Operator == "hessian" && (c.Objective == "" || c.Objective == crossEntropy)
}

// crossEntropy is the objective that is not said.
const crossEntropy = "cross_entropy_mean"

// String says it as a column's head does: "test split, N = 1000 (subset seed
// 0), BN eval".
func (c Condition) String() string {
	s := fmt.Sprintf("%s split, N = %d", strings.ReplaceAll(cmp.Or(c.Split, "unknown"), "_", "-"), c.Images)
	switch {
	case strings.HasPrefix(c.Subset, "first"):
		s += " (the first)"
	case c.Subset != "" && c.Subset != "all":
		s += fmt.Sprintf(" (subset seed %d)", c.SubsetSeed)
	}
	s += ", BN " + cmp.Or(c.BN, "unknown")
	if c.Batch != 0 {
		s += fmt.Sprintf(" (batches of %d)", c.Batch)
	}
	if c.Operator != "hessian" {
		s += ", of the " + c.Operator
	}
	if c.Objective != "" && c.Objective != crossEntropy {
		s += ", of " + strings.ReplaceAll(c.Objective, "_", " ")
	}
	if c.Tau != 0 {
		s += ", τ " + number.Plain(c.Tau)
	}
	if c.L2 != 0 {
		s += ", with L2 term " + number.Plain(c.L2)
	}
	if c.Block != "" || c.Params != "" {
		s += ", parameters of " + cmp.Or(c.Block, c.Params)
	}
	return s
}

// Measurements says whether values measured under two conditions, on two
// machines, may be compared.
func Measurements(a, b record.Examined, ca, cb Condition) Answer {
	var answer Answer
	if ca != cb {
		answer.Differences = append(answer.Differences, Difference{"measured on", ca.String(), cb.String()})
	}
	for _, d := range []Difference{{"kernels", a.OnKernels, b.OnKernels}, {"precision", a.OnPrecision, b.OnPrecision}} {
		if d.Mine != d.Other {
			answer.Footnotes = append(answer.Footnotes, d)
		}
	}
	return answer
}

// Key tells conditions apart and orders them.
func (c Condition) Key() string {
	type plain Condition // without its String
	return fmt.Sprintf("%#v", plain(c))
}
