package cpu

import (
	"fmt"

	"srn/pkg/device"
)

// padded is a batch of square images, each with a border of one zero pixel
// that is never written, so that a convolution reads them as they lie.
type padded struct {
	memory         []float32
	size, channels int
}

// NewImages implements device.Convs.
func (b *Backend) NewImages(channels, size, batch int) device.Buffer {
	return padded{alloc(batch * paddedLen(size, channels)), size, channels}
}

// paddedLen is the length of an image with its border.
func paddedLen(size, channels int) int { return (size + 2) * (size + 2) * channels }

// paddedSize is the height and width of those images that have borders, or 0.
func paddedSize(images ...device.Buffer) int {
	for _, b := range images {
		if p, ok := b.(padded); ok {
			return p.size
		}
	}
	return 0
}

// images is the number of images.
func (p padded) images() int { return len(p.memory) / paddedLen(p.size, p.channels) }

func (p padded) Len() int { return p.images() * p.size * p.size * p.channels }

// Slice implements device.Buffer, for whole images.
func (p padded) Slice(lo, hi int) device.Buffer {
	n, image := p.size*p.size*p.channels, paddedLen(p.size, p.channels)
	if lo%n != 0 || hi%n != 0 {
		panic(fmt.Sprintf("cpu: slice %d to %d of images of %d elements", lo, hi, n))
	}
	p.memory = p.memory[lo/n*image : hi/n*image]
	return p
}

// rows visits the rows of pixels of all images.
func (p padded) rows(visit func(row []float32)) {
	v := p.view()
	for i := range p.images() {
		for y := range p.size {
			visit(v.at(i)[y*v.row:][:p.size*p.channels])
		}
	}
}

// view is how images of some shape lie in memory: pixel (y, x) of image i
// starts at i·image + offset + y·row + x·channels.
type view struct {
	memory             []float32
	image, row, offset int
}

func (p padded) view() view {
	row := (p.size + 2) * p.channels
	return view{p.memory, paddedLen(p.size, p.channels), row, row + p.channels}
}

// viewOf returns how the images of a buffer lie, which have height rows of
// width pixels with so many channels; a nil buffer has none.
func viewOf(b device.Buffer, channels, height, width int) view {
	if p, ok := b.(padded); ok {
		if p.channels != channels || p.size != height || p.size != width {
			panic(fmt.Sprintf("cpu: images of %d×%d pixels with %d channels, not %d×%d with %d", p.size, p.size, p.channels, height, width, channels))
		}
		return p.view()
	}
	return plainView(b, channels, height, width)
}

// plainView is viewOf for buffers of New alone.
func plainView(b device.Buffer, channels, height, width int) view {
	return view{memory: host(b), image: height * width * channels, row: width * channels}
}

// pixels is the memory of one image without what lies around it.
func (v *view) pixels(image int) []float32 {
	return v.memory[image*v.image+v.offset : (image+1)*v.image-v.offset]
}

// at is the memory from the first pixel of an image on.
func (v *view) at(image int) []float32 { return v.memory[image*v.image+v.offset:] }

// from is the view without the images before one.
func (v view) from(image int) view {
	v.memory = v.memory[image*v.image:]
	return v
}

// region is the memory of all images, as operations look ahead to it.
func (v *view) region() region { return region{v.memory, v.image} }
