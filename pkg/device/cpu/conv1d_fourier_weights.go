package cpu

import kernels "srn/kernels/cpu"

// The gradient of a layer's weights is the correlation of its inputs with the
// gradients in its outputs. Tile by tile of m = 24 positions,
//
//	dw_k = Σ_tiles Σ_{n<m} x_{n+k}·d_n = (1/N)·Σ_f e^{−2πifk/N}·Σ_tiles X_f·D_f
//
// with D the transform of d_{−n mod N}: sums over tiles are matrix products at
// each frequency, and 9 taps come out of one transform back.

const (
	chunkTiles = conv1DChunk / kernels.FourierStep
	// sliceChannels is the number of input channels whose products with all
	// outputs, at all frequencies, are held at once: few enough that they stay
	// in the second-level cache.
	sliceChannels = 32
)

// fourierWeights is the memory of a worker for weight gradients.
type fourierWeights struct {
	window   []float32 // a tile of gradients in the outputs, reversed
	grad     []float32 // frequencies of all tiles of the chunk
	input    []float32 // the same for a slice of the inputs
	products []float32 // [frequency][input][output]
	taps     []float32 // [position][input][output]
}

func (w *fourierWeights) grow(channels, outputs int) {
	m := min(sliceChannels, channels)
	grow(&w.window, kernels.FourierWindow*outputs)
	grow(&w.grad, kernels.FourierProducts*(chunkTiles*outputs+kernels.Lanes))
	grow(&w.input, kernels.FourierProducts*(chunkTiles*m+kernels.Lanes))
	grow(&w.products, kernels.FourierProducts*(m*outputs+kernels.Lanes))
	grow(&w.taps, kernels.FourierStep*m*outputs)
}

// correlate computes a chunk's weight gradients dw, [tap][input][output], from
// count gradients d and inputs from half a kernel before them on.
func (c *conv1D) correlate(s *conv1DScratch, dw, in, d []float32, count, channels, outputs int) {
	f := &s.weights
	tiles := wholeTiles(count) / kernels.FourierStep
	strideGrad := tiles*outputs + kernels.Lanes
	clear(f.window)
	for t := range tiles {
		for n := range kernels.FourierStep {
			row := f.window[(kernels.FourierWindow-n)%kernels.FourierWindow*outputs:][:outputs]
			if at := t*kernels.FourierStep + n; at < count {
				copy(row, d[at*outputs:])
			} else {
				clear(row)
			}
		}
		s.fourier = kernels.Fourier{Image: f.window, Freq: f.grad[t*outputs:],
			C: outputs, Row: outputs, Stride: strideGrad, Count: 1}
		c.backend.kernels.FourierInput(&s.fourier)
	}
	for piece := range c.pieces() {
		first := piece * kernels.FourierTaps
		for i := 0; i < channels; i += sliceChannels {
			m := min(sliceChannels, channels-i)
			strideIn, size := tiles*m+kernels.Lanes, m*outputs
			s.fourier = kernels.Fourier{Image: in[first*channels+i:], Freq: f.input,
				C: m, Row: channels, Stride: strideIn, Count: tiles}
			c.backend.kernels.FourierInput(&s.fourier)
			clear(f.products)
			s.gemmT = kernels.GemmT{A: f.input, B: f.grad, C: f.products, M: m, N: outputs, K: tiles,
				LdA: m, LdB: outputs, LdC: outputs, Segments: 1,
				Batch: kernels.FourierProducts, BatchA: strideIn, BatchB: strideGrad, BatchC: size + kernels.Lanes}
			c.backend.kernels.GemmT(&s.gemmT)
			s.fourier = kernels.Fourier{Image: f.taps, Freq: f.products,
				C: size, Row: size, Stride: size + kernels.Lanes, Count: 1}
			c.backend.kernels.FourierOutput(&s.fourier)
			for k := range min(kernels.FourierTaps, c.shape.Kernel-first) {
				to := dw[((first+k)*channels+i)*outputs:][:size]
				for j, v := range f.taps[k*size:][:size] {
					to[j] = v / kernels.FourierWindow
				}
			}
		}
	}
}
