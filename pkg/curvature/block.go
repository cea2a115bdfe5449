package curvature

import (
	"fmt"
	"path"
	"strings"

	"srn/pkg/nn"
)

// Block is a part of the parameters, whose rows and columns of a matrix are
// looked at alone, as if the rest were constants.
type Block struct {
	Name    string // empty for a choice without a name
	Tensors []nn.Param
}

// Dim is the number of parameters.
func (b Block) Dim() int {
	n := 0
	for _, p := range b.Tensors {
		n += p.Len()
	}
	return n
}

// Select returns the tensors of a layout that match any of the patterns, in
// which * stands for any characters, ? for one and […] for one of a set; no
// pattern chooses all. A pattern that matches nothing is an error.
func Select(layout nn.Layout, patterns []string) (Block, error) {
	if len(patterns) == 0 {
		return Block{Tensors: layout}, nil
	}
	used := make([]bool, len(patterns))
	var b Block
	for _, p := range layout {
		chosen := false
		for i, pattern := range patterns {
			match, err := path.Match(pattern, p.Name)
			if err != nil {
				return Block{}, fmt.Errorf("%q is not a pattern: %v", pattern, err)
			}
			used[i] = used[i] || match
			chosen = chosen || match
		}
		if chosen {
			b.Tensors = append(b.Tensors, p)
		}
	}
	for i, ok := range used {
		if !ok {
			return Block{}, fmt.Errorf("%q matches no parameter; names are such as %s and %s", patterns[i], layout[0].Name, layout[len(layout)-1].Name)
		}
	}
	return b, nil
}

// Split cuts a block's tensors into blocks: "layer", one for each convolution,
// normalisation and linear layer; "block", one for each residual block, and
// "stage", one for each group of these of equal width, both with the layers
// before them as "stem" and each layer after them apart.
func (b Block) Split(per string) ([]Block, error) {
	var name func(tensor string) string
	switch per {
	case "layer":
		name = func(tensor string) string { return tensor[:strings.LastIndex(tensor, ".")] }
	case "block":
		name = func(tensor string) string { return group(tensor, 2) }
	case "stage":
		name = func(tensor string) string { return group(tensor, 1) }
	default:
		return nil, fmt.Errorf("%q is none of layer, block, stage", per)
	}
	var list []Block
	at := map[string]int{}
	for _, p := range b.Tensors {
		key := name(p.Name)
		i, ok := at[key]
		if !ok {
			i = len(list)
			at[key] = i
			list = append(list, Block{Name: key})
		}
		list[i].Tensors = append(list[i].Tensors, p)
	}
	return list, nil
}

// group is the first parts of the name of a tensor of a residual block, such
// as layer1.0.conv1.weight, or the name of what others belong to.
func group(tensor string, parts int) string {
	words := strings.Split(tensor, ".")
	switch {
	case strings.HasPrefix(tensor, "layer") && len(words) > parts:
		return strings.Join(words[:parts], ".")
	case words[0] == "conv1" || words[0] == "bn1":
		return "stem"
	}
	return words[0]
}

// Restrict is the block's own part of an operator on all parameters: rows and
// columns of the others are left out. The block of all is the operator itself.
func (b Block) Restrict(op Operator) Operator {
	if b.Dim() == op.Dim() {
		return op
	}
	return &restricted{op: op, block: b}
}

type restricted struct {
	op        Operator
	block     Block
	v, images [][]float32 // of all parameters
}

func (r *restricted) Dim() int { return r.block.Dim() }

// LowerBound is the whole matrix's: a part has no smaller eigenvalue.
func (r *restricted) LowerBound() float64 { return lowerBound(r.op) }

func (r *restricted) Apply(dst, v []float32) error {
	return r.ApplyAll([][]float32{dst}, [][]float32{v})
}

func (r *restricted) ApplyAll(dst, v [][]float32) error {
	for len(r.v) < len(v) {
		r.v, r.images = append(r.v, make([]float32, r.op.Dim())), append(r.images, make([]float32, r.op.Dim()))
	}
	for i := range v {
		r.block.Scatter(r.v[i], v[i])
	}
	if err := applyAll(r.op, r.images[:len(v)], r.v[:len(v)]); err != nil {
		return err
	}
	for i := range v {
		at := 0
		for _, p := range r.block.Tensors {
			at += copy(dst[i][at:at+p.Len()], r.images[i][p.Offset:])
		}
	}
	return nil
}

// Scatter copies a vector of the block to its places in one of all parameters.
func (b Block) Scatter(dst, v []float32) {
	at := 0
	for _, p := range b.Tensors {
		at += copy(dst[p.Offset:p.Offset+p.Len()], v[at:])
	}
}
