// Package nn describes the parameters of networks and how their
// normalisation layers behave.
package nn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Param is one named tensor within a flat vector.
type Param struct {
	Name   string
	Shape  []int
	Offset int // index of its first element
}

// Len is the number of elements.
func (p Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Layout lists the tensors of a flat vector in their order, without gaps.
type Layout []Param

// Add appends a tensor and returns its parameter.
func (l *Layout) Add(name string, shape ...int) Param {
	p := Param{Name: name, Shape: shape, Offset: l.Len()}
	*l = append(*l, p)
	return p
}

// Len is the number of elements of the flat vector.
func (l Layout) Len() int {
	if len(l) == 0 {
		return 0
	}
	last := l[len(l)-1]
	return last.Offset + last.Len()
}

// Find returns the tensor of that name.
func (l Layout) Find(name string) (Param, bool) {
	for _, p := range l {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// SHA256 is a hash of all names and shapes, in hexadecimal: two networks
// whose flat vectors mean the same have the same hash.
func (l Layout) SHA256() string {
	h := sha256.New()
	for _, p := range l {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Shape)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Mode says which statistics batch normalisation uses.
type Mode int

const (
	Train       Mode = iota // the batch's; running statistics are updated
	TrainFrozen             // the batch's; running statistics stay as they are
	Eval                    // the running ones
)
