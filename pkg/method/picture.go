package method

import "math"

// picture is an image in bytes, 32 × 32 × 3. The functions below are the
// operations of AutoAugment. Strength is from −1 to 1: its sign is a direction
// where there are two, and else means nothing.
type picture [pixels]byte

// warp replaces the pixel at (x, y) by the nearest to the given place.
func (p *picture) warp(from func(x, y float64) (float64, float64)) {
	old := *p
	const centre = (imageSize - 1) / 2.
	for y := range imageSize {
		for x := range imageSize {
			fx, fy := from(float64(x)-centre, float64(y)-centre)
			sx, sy := int(math.Round(fx+centre)), int(math.Round(fy+centre))
			for c := range 3 {
				v := byte(128)
				if sx >= 0 && sx < imageSize && sy >= 0 && sy < imageSize {
					v = old[(sy*imageSize+sx)*3+c]
				}
				p[(y*imageSize+x)*3+c] = v
			}
		}
	}
}

// shearY slants rows by up to 0.3 of a pixel for each column.
func shearY(p *picture, strength float64) {
	p.warp(func(x, y float64) (float64, float64) { return x, y + 0.3*strength*x })
}

// translateX and translateY shift by up to 150/331 of the size, as the
// publication's implementations for CIFAR do.
func translateX(p *picture, strength float64) {
	p.warp(func(x, y float64) (float64, float64) { return x + math.Round(shift*strength), y })
}

func translateY(p *picture, strength float64) {
	p.warp(func(x, y float64) (float64, float64) { return x, y + math.Round(shift*strength) })
}

const shift = 150. / 331 * imageSize

// rotate turns about the centre by up to 30 degrees.
func rotate(p *picture, strength float64) {
	sin, cos := math.Sincos(30 * math.Pi / 180 * strength)
	p.warp(func(x, y float64) (float64, float64) { return cos*x + sin*y, cos*y - sin*x })
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

// blend moves away from another picture, which factor 0 would be, 1 is the
// picture as it is: factors are 1 ± up to 0.9.
func (p *picture) blend(strength float64, other func(i int) float64) {
	factor := 1 + 0.9*strength
	old := *p
	for i, v := range old {
		o := other(i)
		p[i] = toByte(o + factor*(float64(v)-o))
	}
}

// grey is the luma of the pixel that holds byte i.
func (p *picture) grey(i int) float64 {
	at := i / 3 * 3
	return (299*float64(p[at]) + 587*float64(p[at+1]) + 114*float64(p[at+2])) / 1000
}

// color blends with the grey picture.
func color(p *picture, strength float64) {
	old := *p
	p.blend(strength, old.grey)
}

// contrast blends with the mean grey.
func contrast(p *picture, strength float64) {
	mean := 0.0
	for i := 0; i < len(p); i += 3 {
		mean += p.grey(i)
	}
	mean = math.Round(mean / (imageSize * imageSize))
	p.blend(strength, func(int) float64 { return mean })
}

// brightness blends with black.
func brightness(p *picture, strength float64) { p.blend(strength, func(int) float64 { return 0 }) }

// sharpness blends with a smoothed picture, the same at the border.
func sharpness(p *picture, strength float64) {
	old := *p
	p.blend(strength, func(i int) float64 {
		x, y := i/3%imageSize, i/3/imageSize
		if x == 0 || y == 0 || x == imageSize-1 || y == imageSize-1 {
			return float64(old[i])
		}
		sum := 4 * float64(old[i])
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				sum += float64(old[i+(dy*imageSize+dx)*3])
			}
		}
		return sum / 13
	})
}
