//go:build amd64 && !noasm

package cpu

// Assembly cannot be preempted, so long passes are cut into pieces of some
// tens of microseconds.
const (
	maxTileVectors   = 256     // 16 channels of a tile
	maxCombineFloats = 1 << 16 // floats of one array
)

// pieces runs a transform of any number of tiles.
func (w *Winograd) pieces(transform func(*Winograd)) {
	if w.C == 0 || w.Count == 0 {
		return
	}
	step := max(maxTileVectors*Lanes/w.C, 1)
	if w.Count <= step {
		transform(w)
		return
	}
	piece := *w
	for t := 0; t < w.Count; t += step {
		piece.Count = min(step, w.Count-t)
		piece.Image, piece.Freq = w.Image[4*t*w.C:], w.Freq[t*w.C:]
		if w.Residual != nil {
			piece.Residual = w.Residual[4*t*w.C:]
		}
		transform(&piece)
	}
}

// pieces runs a transform of any number of tiles, which are so many pixels and
// values apart.
func (s *Stride2) pieces(pixels, values int, transform func(*Stride2)) {
	if s.C == 0 || s.Count == 0 {
		return
	}
	step := max(maxTileVectors*Lanes/s.C, 1)
	if s.Count <= step {
		transform(s)
		return
	}
	piece := *s
	for t := 0; t < s.Count; t += step {
		piece.Count = min(step, s.Count-t)
		piece.Image, piece.Freq = s.Image[t*pixels*s.C:], s.Freq[t*values*s.C:]
		if s.Residual != nil {
			piece.Residual = s.Residual[t*pixels*s.C:]
		}
		transform(&piece)
	}
}

// pieces runs a Fourier transform of any number of windows.
func (f *Fourier) pieces(transform func(*Fourier)) {
	if f.C == 0 || f.Count == 0 {
		return
	}
	step := max(maxTileVectors*Lanes/f.C, 1)
	if f.Count <= step {
		transform(f)
		return
	}
	piece := *f
	for t := 0; t < f.Count; t += step {
		piece.Count = min(step, f.Count-t)
		piece.Image, piece.Freq = f.Image[t*FourierStep*f.Row:], f.Freq[t*f.C:]
		transform(&piece)
	}
}

// pieces runs a combination of any size.
func (c *Combine) pieces(combine func(*Combine)) {
	if c.C == 0 || c.Rows == 0 || c.Width == 0 {
		return
	}
	if c.Rows*c.Width*c.C <= maxCombineFloats {
		combine(c)
		return
	}
	piece := *c
	width := min(max(maxCombineFloats/c.C, 1), c.Width)
	rows := max(maxCombineFloats/(c.Width*c.C), 1)
	for y := 0; y < c.Rows; y += rows {
		for x := 0; x < c.Width; x += width {
			piece.Rows, piece.Width = min(rows, c.Rows-y), min(width, c.Width-x)
			piece.Dst = c.Dst[y*c.DstRow+x*c.C:]
			for i := range c.Sources {
				piece.Src[i] = c.Src[i][y*c.SrcRow[i]+x*c.C:]
			}
			if c.Post == Mask {
				piece.MaskSrc = c.MaskSrc[y*c.MaskRow+x*c.C:]
			}
			combine(&piece)
		}
	}
}
