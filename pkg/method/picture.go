package method

import "math"

// picture is an image in bytes as Pillow has it: 32 × 32 pixels of red, green
// and blue, and an alpha of 0 or 255. Its methods are the operations of
// AutoAugment, byte for byte as Pillow renders them.
type picture struct {
	pixels [pixels]byte
	// outside marks pixels of alpha 0, which came in from beyond a border. Only
	// the modes that have an alpha channel care.
	outside [imageSize * imageSize]bool
}

// opaque makes alpha 255 everywhere, as a way through the mode RGB does.
func (p *picture) opaque() { clear(p.outside[:]) }

// affine maps the centre of an output pixel to its place in the input:
// x' = xx·x + xy·y + x0, y' = yx·x + yy·y + y0.
type affine struct{ xx, xy, x, yx, yy, y float64 }

// fixed is a number in Pillow's 16.16 fixed point.
func fixed(v float64) int { return int(math.Floor(v*65536 + 0.5)) }

// transform takes the nearest pixel; what comes from outside is black, alpha 0.
func (p *picture) transform(m affine) {
	old := *p
	xx, xy, x0 := fixed(m.xx), fixed(m.xy), fixed(m.x+m.xx/2+m.xy/2)
	yx, yy, y0 := fixed(m.yx), fixed(m.yy), fixed(m.y+m.yx/2+m.yy/2)
	for y := range imageSize {
		fx, fy := x0+y*xy, y0+y*yy
		for x := range imageSize {
			to := y*imageSize + x
			sx, sy := fx>>16, fy>>16
			if uint(sx) < imageSize && uint(sy) < imageSize {
				from := sy*imageSize + sx
				copy(p.pixels[3*to:][:3], old.pixels[3*from:][:3])
				p.outside[to] = old.outside[from]
			} else {
				clear(p.pixels[3*to:][:3])
				p.outside[to] = true
			}
			fx, fy = fx+xx, fy+yx
		}
	}
}

func (p *picture) shear(x, y float64) { p.transform(affine{xx: 1, xy: x, yx: y, yy: 1}) }

func (p *picture) translate(x, y float64) { p.transform(affine{xx: 1, x: x, yy: 1, y: y}) }

// rotate turns counter-clockwise about the picture's centre.
func (p *picture) rotate(degrees float64) {
	if degrees == 0 {
		return
	}
	const centre = imageSize / 2.
	sin, cos := math.Sincos(-degrees * math.Pi / 180)
	p.transform(affine{xx: cos, xy: sin, x: centre - centre*cos - centre*sin, yx: -sin, yy: cos, y: centre + centre*sin - centre*cos})
}

// remap replaces the values of a channel.
func (p *picture) remap(channel int, table *[256]byte) {
	for i := channel; i < len(p.pixels); i += 3 {
		p.pixels[i] = table[p.pixels[i]]
	}
}

// remapAll replaces the values of all channels.
func (p *picture) remapAll(f func(v int) byte) {
	var table [256]byte
	for v := range table {
		table[v] = f(v)
	}
	for c := range 3 {
		p.remap(c, &table)
	}
}

func (p *picture) invert() { p.remapAll(func(v int) byte { return byte(255 - v) }) }

// solarize takes the complement of what is at least a threshold.
func (p *picture) solarize(threshold float64) {
	p.remapAll(func(v int) byte {
		if float64(v) >= threshold {
			return byte(255 - v)
		}
		return byte(v)
	})
}

// posterize keeps a number of leading bits.
func (p *picture) posterize(bits int) {
	p.remapAll(func(v int) byte { return byte(v >> (8 - bits) << (8 - bits)) })
}

// autoContrast stretches each channel over the whole range.
func (p *picture) autoContrast() {
	for c := range 3 {
		lo, hi := byte(255), byte(0)
		for i := c; i < len(p.pixels); i += 3 {
			lo, hi = min(lo, p.pixels[i]), max(hi, p.pixels[i])
		}
		if lo >= hi {
			continue
		}
		scale := 255 / float64(int(hi)-int(lo))
		shift := -float64(lo) * scale
		var table [256]byte
		for v := range table {
			table[v] = byte(max(0, min(255, int(float64(float64(v)*scale)+shift))))
		}
		p.remap(c, &table)
	}
}

// equalize makes each channel's histogram as flat as it can be: a value
// becomes the share of pixels below it, in whole-number steps: in images as
// small as these the brightest values take more than their share.
func (p *picture) equalize() {
	for c := range 3 {
		var counts [256]int
		last := 0
		for i := c; i < len(p.pixels); i += 3 {
			counts[p.pixels[i]]++
			last = max(last, int(p.pixels[i]))
		}
		const total = imageSize * imageSize
		step := (total - counts[last]) / 255
		if step == 0 {
			continue
		}
		var table [256]byte
		n := step / 2
		for v := range table {
			table[v] = byte(min(255, n/step))
			n += counts[v]
		}
		p.remap(c, &table)
	}
}

// blended is a value moved away from that of another picture, which factor 0
// would be, in single precision and cut off; 1 is the value as it is.
func blended(value, other byte, factor float32) byte {
	v := float32(other) + float32(factor*float32(int(value)-int(other)))
	switch {
	case factor == 0:
		return other
	case factor == 1:
		return value
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return byte(v)
}

// luma is the brightness of the pixel that begins at byte i.
func (p *picture) luma(i int) byte {
	return byte((19595*int(p.pixels[i]) + 38470*int(p.pixels[i+1]) + 7471*int(p.pixels[i+2]) + 0x8000) >> 16)
}

// color blends with the grey picture.
func (p *picture) color(factor float32) {
	for i := 0; i < len(p.pixels); i += 3 {
		grey := p.luma(i)
		for c := i; c < i+3; c++ {
			p.pixels[c] = blended(p.pixels[c], grey, factor)
		}
	}
}

// contrast blends with the mean grey.
func (p *picture) contrast(factor float32) {
	sum := 0
	for i := 0; i < len(p.pixels); i += 3 {
		sum += int(p.luma(i))
	}
	mean := byte(float64(sum)/(imageSize*imageSize) + 0.5)
	p.remapAll(func(v int) byte { return blended(byte(v), mean, factor) })
}

// brightness blends with black.
func (p *picture) brightness(factor float32) {
	p.remapAll(func(v int) byte { return blended(byte(v), 0, factor) })
}

// sharpness blends with a smoothed picture: 5 parts of the pixel and one of
// each neighbour. Pixels at the border stay as they are.
func (p *picture) sharpness(factor float32) {
	const row = imageSize * 3
	old := p.pixels
	for y := 1; y < imageSize-1; y++ {
		above, here, below := old[(y-1)*row:][:row], old[y*row:][:row], old[(y+1)*row:][:row]
		to := p.pixels[y*row:][:row]
		for i := 3; i < row-3; i++ {
			sum := int(above[i-3]) + int(above[i]) + int(above[i+3]) + int(here[i-3]) + 5*int(here[i]) + int(here[i+3]) +
				int(below[i-3]) + int(below[i]) + int(below[i+3])
			to[i] = blended(here[i], byte((2*sum+13)/26), factor)
		}
	}
}

// cutOut marks a square whose centre is (y, x) as the authors' operation does:
// the rows of its square serve as columns, too, so that it lies on the
// diagonal and ends with the columns.
func (p *picture) cutOut(y, x, side int) {
	first, last := max(0, y-side/2), min(imageSize, x+side/2)
	for i := first; i < last; i++ {
		for j := first; j < last; j++ {
			at := j*imageSize + i
			copy(p.pixels[3*at:][:3], []byte{125, 122, 113})
			p.outside[at] = true
		}
	}
}
