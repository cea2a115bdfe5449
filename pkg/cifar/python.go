package cifar

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"srn/pkg/artifact"
	"srn/pkg/npy"
	"srn/pkg/pickle"
)

// unpickle reads a pickled dictionary, by whichever protocol it was written: of
// lists of numbers and strings, and of NumPy arrays, but nothing else.
func unpickle(r io.Reader, size int64) (*pickle.Dict, error) {
	v, err := pickle.Read(bufio.NewReader(r), pickle.Options{Size: size, Known: npy.Pickled})
	if err != nil {
		return nil, err
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil, pickle.Refusef("the pickle is no dictionary")
	}
	return d, nil
}

// readPython reads a pickled batch: a dictionary with a matrix of pixels, one
// row of three planes an image, and lists of labels.
func (c *collector) readPython(index int, name string, size int64, r io.Reader) (*Part, error) {
	dict, err := unpickle(r, size)
	if err != nil {
		return nil, c.badPickle(name, err)
	}
	value, _ := dict.Get("data")
	data, ok := value.(*npy.Array)
	if !ok {
		return nil, c.bad(name, `has no array "data"`, "give an official archive")
	}
	planes, err := data.Tensor("data")
	if err != nil {
		return nil, c.badPickle(name, err)
	}
	if planes.DType != artifact.U8 || len(planes.Shape) != 2 || planes.Shape[1] != Pixels {
		return nil, c.bad(name, fmt.Sprintf(`"data" is %v of type %s, not images × %d of type U8`, planes.Shape, planes.DType, Pixels), "give an official archive")
	}
	n := planes.Shape[0]
	part := &Part{Pixels: c.space(index, n)}
	for _, e := range []struct {
		key string
		dst *[]int32
	}{{c.layout.labelKey, &part.Labels}, {c.layout.coarseKey, &part.Coarse}} {
		if e.key == "" {
			continue
		}
		value, _ := dict.Get(e.key)
		labels, ok := pickle.Ints(value)
		if !ok || len(labels) != n {
			return nil, c.bad(name, fmt.Sprintf("has no list %q of %d labels", e.key, n), "give an archive of "+c.layout.title)
		}
		*e.dst = labels
	}
	for i := range n {
		interleave((*[Pixels]byte)(part.Pixels[i*Pixels:]), (*[Pixels]byte)(planes.Data[i*Pixels:]))
	}
	return part, c.checkLabels(name, part)
}

// badPickle reports why a pickle was refused.
func (c *collector) badPickle(name string, err error) error {
	var refused *pickle.Refusal
	if errors.As(err, &refused) {
		return c.bad(name, refused.Error(), "only pickles as in the official archives are read: give one of those")
	}
	return c.damaged(name, err)
}
