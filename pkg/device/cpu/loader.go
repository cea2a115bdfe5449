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
		l.image(l.dst[i*n:][:n], l.source.Pixels[int(p.Index)*n:][:n], p)
	}
}

// image crops and mirrors one image.
func (l *loader) image(dst []float32, src []byte, p device.Pick) {
	size, dy, dx := l.source.Size, int(p.DY), int(p.DX)
	lo, hi := max(dx, 0), min(size+dx, size) // columns of the source that remain
	at := lo - dx                            // where the first of them goes
	if p.Flip {
		at = size - hi + dx
	}
	for y := range size {
		row := dst[y*size*3:][:size*3]
		if y+dy < 0 || y+dy >= size || lo >= hi {
			clear(row)
			continue
		}
		from := src[(y+dy)*size*3:][lo*3 : hi*3]
		to := row[at*3:][:len(from)]
		clear(row[:at*3])
		if p.Flip {
			l.mirror(to, from)
		} else {
			l.normalise(to, from)
		}
		clear(row[at*3+len(to):])
	}
}

// normalise looks up pixels, from the last to the first: then slices are
// cheap to shorten.
func (l *loader) normalise(dst []float32, src []byte) {
	for len(src) >= 3 && len(dst) >= 3 {
		from, to := src[len(src)-3:], dst[len(dst)-3:]
		to[0] = l.values[0][from[0]]
		to[1] = l.values[1][from[1]]
		to[2] = l.values[2][from[2]]
		dst, src = dst[:len(dst)-3], src[:len(src)-3]
	}
}

// mirror looks up pixels in the other order.
func (l *loader) mirror(dst []float32, src []byte) {
	for len(src) >= 3 && len(dst) >= 3 {
		from := src[len(src)-3:]
		dst[0] = l.values[0][from[0]]
		dst[1] = l.values[1][from[1]]
		dst[2] = l.values[2][from[2]]
		dst, src = dst[3:], src[:len(src)-3]
	}
}
