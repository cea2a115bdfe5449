package cpu

func genericCombine(c *Combine) {
	c.check()
	for y := range c.Rows {
		for x := range c.Width {
			d := y*c.DstRow + x*c.C
			for i := 0; i < c.C; i += Lanes {
				// Everything is read before anything is written, because
				// Dst may be any of the sources.
				v := *(*[Lanes]float32)(c.Coef[i:])
				for n := range c.Sources {
					k := (*[Lanes]float32)(c.Coef[(n+1)*c.C+i:])
					src := (*[Lanes]float32)(c.Src[n][y*c.SrcRow[n]+x*c.C+i:])
					for j := range v {
						v[j] += k[j] * src[j]
					}
				}
				switch c.Post {
				case ReLU:
					for j := range v {
						if v[j] < 0 { // false for a NaN, which so survives
							v[j] = 0
						}
					}
				case Mask:
					shift := (*[Lanes]float32)(c.MaskCoef[i:])
					scale := (*[Lanes]float32)(c.MaskCoef[c.C+i:])
					src := (*[Lanes]float32)(c.MaskSrc[y*c.MaskRow+x*c.C+i:])
					for j := range v {
						if !(shift[j]+scale[j]*src[j] > 0) {
							v[j] = 0
						}
					}
				}
				*(*[Lanes]float32)(c.Dst[d+i:]) = v
			}
		}
	}
}
