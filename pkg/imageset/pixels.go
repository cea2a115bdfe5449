package imageset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"

	"srn/pkg/dataset"
)

// Resize is how images of other sizes become 32×32.
type Resize string

const (
	// Pad puts an image that is no larger in the middle of a black one.
	Pad Resize = "pad"
	// Area takes the square in the middle and averages the pixels that each
	// pixel of the result covers, by the areas.
	Area Resize = "area"
)

const (
	size   = dataset.Size
	pixels = dataset.Pixels
	// padded is the size that is padded without being told: MNIST's.
	padded = 28

	maxSide = 1 << 14 // of an image
	maxArea = 1 << 26 // pixels of an image
)

// picture is an image of h×w pixels in three channels.
type picture struct {
	h, w int
	data []byte
}

// decode reads a PNG or JPEG file.
func decode(file []byte) (*picture, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("is no PNG or JPEG image: %v", err)
	}
	if config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxArea || config.Width < 1 || config.Height < 1 {
		return nil, fmt.Errorf("is said to have %d×%d pixels, more than is read", config.Width, config.Height)
	}
	m, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("is damaged: %v", err)
	}
	b := m.Bounds()
	p := &picture{h: b.Dy(), w: b.Dx(), data: make([]byte, 0, 3*b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			// Without transparency: the colour that the file has.
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			p.data = append(p.data, c.R, c.G, c.B)
		}
	}
	return p, nil
}

// fit gives the 3072 bytes of a picture's 32×32 pixels.
func (p *picture) fit(how Resize) ([]byte, error) {
	switch {
	case p.h == size && p.w == size:
		return p.data, nil
	case how == Area:
		return p.average(), nil
	case p.h <= size && p.w <= size && (how == Pad || p.h == padded && p.w == padded):
		return p.pad(), nil
	}
	return nil, fmt.Errorf("has %d×%d pixels, not %d×%d", p.w, p.h, size, size)
}

// pad puts the picture in the middle of a black one.
func (p *picture) pad() []byte {
	to := make([]byte, pixels)
	top, left := (size-p.h)/2, (size-p.w)/2
	for y := range p.h {
		copy(to[3*((top+y)*size+left):], p.data[3*y*p.w:][:3*p.w])
	}
	return to
}

// average scales the square in the middle. In units of 1/32 of a pixel of the
// picture, a side of n pixels is 32n long, and a pixel of the result n.
func (p *picture) average() []byte {
	n := min(p.h, p.w)
	top, left := (p.h-n)/2, (p.w-n)/2
	to := make([]byte, pixels)
	for y := range size {
		for x := range size {
			var sum [3]uint64
			for i := y * n / size; i*size < (y+1)*n; i++ {
				high := overlap(i, y, n)
				for j := x * n / size; j*size < (x+1)*n; j++ {
					weight := high * overlap(j, x, n)
					at := 3 * ((top+i)*p.w + left + j)
					for c := range sum {
						sum[c] += weight * uint64(p.data[at+c])
					}
				}
			}
			area := uint64(n) * uint64(n)
			for c := range sum {
				to[3*(y*size+x)+c] = byte((sum[c] + area/2) / area)
			}
		}
	}
	return to
}

// overlap is how much of pixel i of n lies in pixel x of the result.
func overlap(i, x, n int) uint64 {
	return uint64(min((i+1)*size, (x+1)*n) - max(i*size, x*n))
}
