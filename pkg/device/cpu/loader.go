package cpu

import "srn/pkg/device"

// loader normalises, crops and mirrors picked images.
type loader struct {
	dst    []float32
	source *device.Images
	values [3][256]float32 // normalised value of each byte
	picks  []device.Pick
}

// Load implements device.Layers.
func (b *Backend) Load(dst device.Buffer, images *device.Images) device.Loader {
	l := &loader{dst: host(dst), source: images}
	for c := range l.values {
		for v := range l.values[c] {
			l.values[c][v] = (float32(v)/255 - images.Mean[c]) / images.Std[c]
		}
	}
	return l
}

// Set implements device.Loader.
func (l *loader) Set(picks []device.Pick) { l.picks = picks }

// Op implements device.Loader.
func (l *loader) Op() device.Op { return l }

func (l *loader) images(_ *worker, s span) {
	size := l.source.Size
	n := size * size * 3
	for i := s.lo; i < s.hi; i++ {
		p := l.picks[i]
		src := l.source.Pixels[int(p.Index)*n:][:n]
		dst := l.dst[i*n:][:n]
		dy, dx := int(p.DY), int(p.DX)
		for y := range size {
			row := dst[y*size*3:][:size*3]
			if y+dy < 0 || y+dy >= size {
				clear(row)
				continue
			}
			from := src[(y+dy)*size*3:][:size*3]
			for x := range size {
				at := x + dx
				if p.Flip {
					at = size - 1 - x + dx
				}
				to := row[x*3:][:3]
				if at < 0 || at >= size {
					clear(to)
					continue
				}
				pixel := from[at*3:][:3]
				to[0] = l.values[0][pixel[0]]
				to[1] = l.values[1][pixel[1]]
				to[2] = l.values[2][pixel[2]]
			}
		}
	}
}
