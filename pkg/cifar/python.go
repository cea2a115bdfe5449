package cifar

import (
	"fmt"
	"io"
)

// readPython reads a pickled batch: a dictionary with a matrix of pixels, one
// row of three planes an image, and lists of labels.
func (c *collector) readPython(index int, name string, size int64, r io.Reader) (*Part, error) {
	dict, err := unpickle(r, size)
	if err != nil {
		return nil, c.badPickle(name, err)
	}
	data, ok := dict["data"].(*array)
	if !ok {
		return nil, c.bad(name, `has no array "data"`, "give an official archive")
	}
	n := data.rows
	if data.columns != Pixels || len(data.bytes) != n*Pixels {
		return nil, c.bad(name, fmt.Sprintf(`"data" is %d × %d of %d bytes, not images × %d`, n, data.columns, len(data.bytes), Pixels), "give an official archive")
	}
	part := &Part{Pixels: c.space(index, n)}
	for _, e := range []struct {
		key string
		dst *[]int32
	}{{c.layout.labelKey, &part.Labels}, {c.layout.coarseKey, &part.Coarse}} {
		if e.key == "" {
			continue
		}
		labels, ok := dict.ints(e.key)
		if !ok || len(labels) != n {
			return nil, c.bad(name, fmt.Sprintf("has no list %q of %d labels", e.key, n), "give an archive of "+c.layout.title)
		}
		*e.dst = labels
	}
	var planes [Pixels]byte
	for i := range n {
		data.row(planes[:], i)
		interleave((*[Pixels]byte)(part.Pixels[i*Pixels:]), &planes)
	}
	return part, c.checkLabels(name, part)
}

// badPickle reports why a pickle was refused.
func (c *collector) badPickle(name string, err error) error {
	if refused, ok := err.(*refusal); ok {
		return c.bad(name, refused.Error(), "only pickles as in the official archives are read: give one of those")
	}
	return c.damaged(name, err)
}
