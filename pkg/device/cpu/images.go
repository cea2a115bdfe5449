package cpu

import "srn/pkg/device"

// view is how images of some shape lie in memory: pixel (y, x) of image i
// starts at i·image + y·row + x·channels.
type view struct {
	memory     []float32
	image, row int
}

// viewOf returns how the images of a buffer lie, which have height rows of
// width pixels with so many channels; a nil buffer has none.
func viewOf(b device.Buffer, channels, height, width int) view {
	return view{memory: host(b), image: height * width * channels, row: width * channels}
}

// bordered is how images lie that have a border of one zero pixel, from their
// own first pixel on.
func bordered(memory []float32, size, channels int) view {
	row := (size + 2) * channels
	return view{memory[row+channels:], (size + 2) * row, row}
}

// at is the memory from the first pixel of an image on.
func (v *view) at(image int) []float32 { return v.memory[image*v.image:] }

// from is the view without the images before one.
func (v view) from(image int) view {
	v.memory = v.memory[image*v.image:]
	return v
}

// pixels is the memory of one image.
func (v *view) pixels(image int) []float32 { return v.memory[image*v.image : (image+1)*v.image] }

// region is the memory of all images, as operations look ahead to it.
func (v *view) region() region { return region{v.memory, v.image} }
