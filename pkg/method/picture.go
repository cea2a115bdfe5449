package method

import "math"

// picture is an image in bytes, 32 × 32 × 3. The functions below are the
// operations of AutoAugment. Strength is from −1 to 1: its sign is a direction
// where there are two, and else means nothing.
type picture [pixels]byte

// affine maps a place, relative to the centre, to another.
type affine struct{ xx, xy, x, yx, yy, y float64 }

// warp replaces every pixel by the one nearest to where the map takes its place.
func (p *picture) warp(m affine) {
	old := *p
	const centre = (imageSize - 1) / 2.
	to := p[:]
	for y := range imageSize {
		dy := float64(y) - centre
		fx, fy := m.xy*dy+m.x+centre+.5, m.yy*dy+m.y+centre+.5
		for x := range imageSize {
			dx := float64(x) - centre
			sx, sy := int(math.Floor(fx+m.xx*dx)), int(math.Floor(fy+m.yx*dx))
			if uint(sx) < imageSize && uint(sy) < imageSize {
				copy(to[:3], old[(sy*imageSize+sx)*3:][:3])
			} else {
				to[0], to[1], to[2] = 128, 128, 128
			}
			to = to[3:]
		}
	}
}

// shearY slants rows by up to 0.3 of a pixel for each column.
func shearY(p *picture, strength float64) { p.warp(affine{xx: 1, yx: 0.3 * strength, yy: 1}) }

// translateX and translateY shift by up to 150/331 of the size, as the
// publication's implementations for CIFAR do.
func translateX(p *picture, strength float64) {
	p.warp(affine{xx: 1, x: math.Round(shift * strength), yy: 1})
}

func translateY(p *picture, strength float64) {
	p.warp(affine{xx: 1, yy: 1, y: math.Round(shift * strength)})
}

const shift = 150. / 331 * imageSize

// rotate turns about the centre by up to 30 degrees.
func rotate(p *picture, strength float64) {
	sin, cos := math.Sincos(30 * math.Pi / 180 * strength)
	p.warp(affine{xx: cos, xy: sin, yx: -sin, yy: cos})
}

// remap replaces the values of a channel.
func (p *picture) remap(channel int, table *[256]byte) {
	for i := channel; i < len(p); i += 3 {
		p[i] = table[p[i]]
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

// invert takes the complement.
func invert(p *picture, _ float64) { p.remapAll(func(v int) byte { return byte(255 - v) }) }

// solarize takes the complement of what is at least a threshold, which falls
// from 256 to 0.
func solarize(p *picture, strength float64) {
	threshold := 256 * (1 - math.Abs(strength))
	p.remapAll(func(v int) byte {
		if float64(v) >= threshold {
			return byte(255 - v)
		}
		return byte(v)
	})
}

// posterize keeps 8 to 4 leading bits.
func posterize(p *picture, strength float64) {
	drop := uint(math.Round(4 * math.Abs(strength)))
	p.remapAll(func(v int) byte { return byte(v >> drop << drop) })
}

// autoContrast stretches each channel over the whole range.
func autoContrast(p *picture, _ float64) {
	for c := range 3 {
		lo, hi := byte(255), byte(0)
		for i := c; i < len(p); i += 3 {
			lo, hi = min(lo, p[i]), max(hi, p[i])
		}
		if lo >= hi {
			continue
		}
		var table [256]byte
		for v := range table {
			table[v] = toByte(255 * (float64(v) - float64(lo)) / (float64(hi) - float64(lo)))
		}
		p.remap(c, &table)
	}
}

// equalize makes each channel's histogram as flat as it can be: a value
// becomes the share of pixels below it, in the whole-number steps of common
// implementations: in images as small as these the brightest values take more
// than their share.
func equalize(p *picture, _ float64) {
	for c := range 3 {
		var counts [256]int
		last := 0
		for i := c; i < len(p); i += 3 {
			counts[p[i]]++
			last = max(last, int(p[i]))
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
// would be; 1 is the value as it is.
func blended(v byte, other, factor float64) byte { return toByte(other + factor*(float64(v)-other)) }

// blendFactor is 1 ± up to 0.9.
func blendFactor(strength float64) float64 { return 1 + 0.9*strength }

// grey is the luma of the pixel that begins at byte i.
func (p *picture) grey(i int) float64 {
	return float64(299*int(p[i])+587*int(p[i+1])+114*int(p[i+2])) / 1000
}

// color blends with the grey picture.
func color(p *picture, strength float64) {
	factor := blendFactor(strength)
	for i := 0; i < len(p); i += 3 {
		grey := p.grey(i)
		for c := i; c < i+3; c++ {
			p[c] = blended(p[c], grey, factor)
		}
	}
}

// contrast blends with the mean grey.
func contrast(p *picture, strength float64) {
	mean := 0.0
	for i := 0; i < len(p); i += 3 {
		mean += p.grey(i)
	}
	mean, factor := math.Round(mean/(imageSize*imageSize)), blendFactor(strength)
	p.remapAll(func(v int) byte { return blended(byte(v), mean, factor) })
}

// brightness blends with black.
func brightness(p *picture, strength float64) {
	factor := blendFactor(strength)
	p.remapAll(func(v int) byte { return blended(byte(v), 0, factor) })
}

// sharpness blends with a smoothed picture: 5 parts of the pixel and one of
// each neighbour. Pixels at the border stay as they are.
func sharpness(p *picture, strength float64) {
	const row = imageSize * 3
	factor := blendFactor(strength)
	old := *p
	for y := 1; y < imageSize-1; y++ {
		above, here, below := old[(y-1)*row:][:row], old[y*row:][:row], old[(y+1)*row:][:row]
		to := p[y*row:][:row]
		for i := 3; i < row-3; i++ {
			sum := int(above[i-3]) + int(above[i]) + int(above[i+3]) + int(here[i-3]) + 5*int(here[i]) + int(here[i+3]) +
				int(below[i-3]) + int(below[i]) + int(below[i+3])
			to[i] = blended(here[i], float64(sum)/13, factor)
		}
	}
}
