package cpu

import kernels "srn/kernels/cpu"

// A layer with many input channels is convolved by Fourier transforms
// (overlap-save; Stockham, "High-speed convolution and correlation", 1966).
// Of a window of N = 32 positions a convolution with 9 taps leaves m = 24:
//
//	y_{n} = Σ_k x_{n+k}·w_k = (1/N)·Σ_f e^{−2πifn/N}·X_f·W_f,  W = Fourier transform of w_{−k mod N}
//
// and channels mix in the products X_f·W_f alone, one matrix product a
// frequency over all windows. By Karatsuba's three real products a complex
// one (Winograd, "Arithmetic complexity of computations", 1980, has the
// algorithms that are bilinear like this one), a position costs 47/24 = 1.96
// multiply-adds for a pair of channels where the direct sum takes 9. The
// rational points of F(m, 9) would need fewer but amplify rounding errors;
// roots of unity do not.
//
// Longer kernels are cut into pieces of 9 taps whose products are added up
// before they are transformed back.

const (
	// fourierTiles is the number of windows of one matrix product: many enough
	// to pay for reading the weights' frequencies (1.5 MB for 128 to 64
	// channels, from the third-level cache), few enough that a block's own stay
	// in the second.
	fourierTiles = 24
	fourierRows  = fourierTiles * kernels.FourierStep
)

// pieces is the number of pieces of a kernel.
func (c *conv1D) pieces() int {
	return (c.shape.Kernel + kernels.FourierTaps - 1) / kernels.FourierTaps
}

// overhang is how far windows extend behind the positions they give, those
// before them included: the taps of all pieces but one.
func (c *conv1D) overhang() int { return c.pieces()*kernels.FourierTaps - 1 }

// wholeTiles rounds a number of positions up to whole tiles.
func wholeTiles(rows int) int {
	return (rows + kernels.FourierStep - 1) / kernels.FourierStep * kernels.FourierStep
}

// transformWeights computes the frequencies of weights from in to out
// channels, [piece][frequency][in][out].
func (c *conv1D) transformWeights(freq []float32, in, out int, weight func(i, o, tap int) float32) {
	window := c.taps[:kernels.FourierWindow*out]
	clear(window)
	for piece := range c.pieces() {
		first := piece * kernels.FourierTaps
		for i := range in {
			for k := range min(kernels.FourierTaps, c.shape.Kernel-first) {
				row := window[(kernels.FourierWindow-k)%kernels.FourierWindow*out:]
				for o := range out {
					row[o] = weight(i, o, first+k) / kernels.FourierWindow
				}
			}
			c.fourier = kernels.Fourier{Image: window, Freq: freq[i*out:], C: out, Row: out, Stride: in * out, Count: 1}
			c.backend.kernels.FourierInput(&c.fourier)
		}
		clear(window)
		freq = freq[kernels.FourierProducts*in*out:]
	}
}

// convolve computes at most fourierRows rows of out, and what remains of the
// last tile, from rows of in that start half a kernel before.
func (c *conv1D) convolve(s *conv1DScratch, out, in, freq []float32, rows, channels, outputs int) {
	tiles := wholeTiles(rows) / kernels.FourierStep
	strideIn, strideOut := fourierStride(channels), fourierStride(outputs)
	for piece := range c.pieces() {
		s.fourier = kernels.Fourier{Image: in[piece*kernels.FourierTaps*channels:], Freq: s.freq,
			C: channels, Row: channels, Stride: strideIn, Count: tiles}
		c.backend.kernels.FourierInput(&s.fourier)
		s.gemm = kernels.Gemm{A: s.freq, B: freq[piece*kernels.FourierProducts*channels*outputs:], C: s.products,
			M: tiles, N: outputs, K: channels, LdA: channels, LdB: outputs, LdC: outputs, Segments: 1,
			Batch: kernels.FourierProducts, BatchA: strideIn, BatchB: channels * outputs, BatchC: strideOut,
			Accumulate: piece > 0}
		c.backend.kernels.Gemm(&s.gemm)
	}
	s.fourier = kernels.Fourier{Image: out, Freq: s.products, C: outputs, Row: outputs, Stride: strideOut, Count: tiles}
	c.backend.kernels.FourierOutput(&s.fourier)
}

// fourierStride is the distance of frequencies in scratch memory: not a power
// of two, which would make them compete for the same lines of a cache.
func fourierStride(channels int) int { return fourierTiles*channels + kernels.Lanes }
