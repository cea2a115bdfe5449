package cifar

import "slices"

// space returns memory for the pixels of n images of a file. Training files of
// the official size lie side by side in one piece, so that joining them costs
// nothing.
func (c *collector) space(index, n int) []byte {
	files := c.layout.files
	if n != files[index].images || files[index].test {
		return make([]byte, n*Pixels)
	}
	if c.train == nil {
		c.train = make([]byte, c.layout.train()*Pixels)
	}
	at := 0
	for _, f := range files[:index] {
		at += f.images
	}
	return c.train[at*Pixels:][:n*Pixels]
}

// join appends the training files to each other.
func (c *collector) join() Part {
	var all Part
	var pixels [][]byte
	whole := true // every file is there, of the official size
	for i, f := range c.layout.files {
		p := c.parts[i]
		if f.test {
			continue
		}
		whole = whole && p != nil && p.Len() == f.images
		if p == nil {
			continue
		}
		pixels = append(pixels, p.Pixels)
		all.Labels = append(all.Labels, p.Labels...)
		all.Coarse = append(all.Coarse, p.Coarse...)
	}
	if all.Pixels = c.train; !whole {
		all.Pixels = slices.Concat(pixels...)
	}
	return all
}
