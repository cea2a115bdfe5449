// Package cpu holds the arithmetic kernels of the CPU backend: small matrix
// products, Winograd and Fourier transforms and fused elementwise passes over float32
// arrays. A kernel knows arrays, strides and counts; it knows nothing of
// layers or networks.
//
// Every kernel exists three times with one meaning: in assembly for AVX-512
// and for AVX2 with FMA, and in plain Go. [Best] picks the set for the
// processor at hand; SRN_KERNELS=avx512|avx2|generic forces one. With "-direct"
// after the name a set does without the transforms of 3×3 convolutions.
//
// Activations are stored NHWC, so that the channels of a pixel lie side by
// side. Channel counts are multiples of [Lanes].
package cpu

// Lanes is the multiple that channel counts and column counts must have: one
// AVX-512 register of float32, two of AVX2.
const Lanes = 16

// Tile is the number of 4×4 output tiles that a Winograd block holds.
const Tile = 16

// Set is one implementation of all kernels.
type Set struct {
	Name string // "avx512", "avx2" or "generic"

	// Gemm computes products of row-major matrices, see [Gemm].
	Gemm func(*Gemm)
	// GemmT accumulates products with a transposed left factor, see [GemmT].
	GemmT func(*GemmT)

	// The Winograd transforms are nil in a set whose name ends in [Direct].

	// WinogradInput transforms a row of 6×6 input patches: Bᵀ·d·B.
	WinogradInput func(*Winograd)
	// WinogradOutput transforms 36 products to a 4×4 output tile: Aᵀ·m·A.
	WinogradOutput func(*Winograd)
	// WinogradActivate is WinogradOutput with an activation: it stores
	// ReLU(Coef[0] + Coef[1]·value + Residual).
	WinogradActivate func(*Winograd)
	// WinogradGrad transforms 4×4 tiles of an output gradient: A·g·Aᵀ.
	WinogradGrad func(*Winograd)
	// WinogradFilter transforms 3×3 filters: G·w·Gᵀ.
	WinogradFilter func(*Filter)
	// WinogradFilterGrad transforms products back to 3×3 filters: Gᵀ·p·G.
	WinogradFilterGrad func(*Filter)

	// The transforms of convolutions with stride 2 are nil where Winograd's are.

	// Stride2Input transforms a row of 9×9 input patches to 81 values.
	Stride2Input func(*Stride2)
	// Stride2Output transforms 49 products to a 4×4 output tile.
	Stride2Output func(*Stride2)
	// Stride2Activate is Stride2Output with an activation: it stores
	// ReLU(Coef[0] + Coef[1]·value + Residual).
	Stride2Activate func(*Stride2)
	// Stride2Filter transforms 3×3 filters to 81 factors.
	Stride2Filter func(*Filter)

	// Stride2OutputGrad transforms a row of 5×5 patches of an output gradient
	// to 65 values.
	Stride2OutputGrad func(*Stride2Grad)
	// Stride2InputGrad transforms 65 products to a tile of 8×8 gradients of
	// inputs. It leaves out those in even rows and columns.
	Stride2InputGrad func(*Stride2Grad)
	// Stride2InputTile transforms 8×8 tiles of inputs to 65 values, by the
	// transpose of Stride2InputGrad.
	Stride2InputTile func(*Stride2Grad)
	// Stride2FilterGrad transforms 36 sums of products to the gradient of a
	// 3×3 filter.
	Stride2FilterGrad func(*Filter)

	// FourierInput transforms windows of a sequence, see [Fourier].
	FourierInput func(*Fourier)
	// FourierOutput transforms products back to positions, see [Fourier].
	FourierOutput func(*Fourier)

	// Combine computes per-channel linear combinations, see [Combine].
	Combine func(*Combine)
	// Sums adds up values and products per channel, see [Sums].
	Sums func(*Sums)

	// Dot adds up products of two vectors, see [Dot].
	Dot func(*Dot)
	// SGD takes a step of gradient descent, see [SGD].
	SGD func(*SGD)
}

// Gemm describes a batch of products
//
//	C[b][i][j] (+)= Σ_s Σ_k A[b][i][s·SegA + k] · B[b][s·K + k][j]
//
// or, with coefficients, ReLU(Coef[0][j] + Coef[1][j]·that),
//
// with i < M, j < N, k < K, s < Segments, b < Batch. A row of A may overlap
// the next one (LdA smaller than K), which makes a convolution over
// contiguous pixels a product without copies; the segments are then the rows
// of the filter. C may be A, row for row, where N is Lanes: each row is read
// before it is written.
type Gemm struct {
	A, B, C        []float32
	M, N, K        int // N a multiple of Lanes
	LdA, LdB, LdC  int // floats from row to row
	Segments, SegA int // SegA: floats from a segment to the next in A
	Batch          int
	BatchA, BatchB int // floats from a product to the next
	BatchC         int
	Accumulate     bool      // add to C instead of overwriting it
	Coef           []float32 // optional: 2 runs of N floats
	Prefetch1      []float32 // optional: memory that is wanted soon, read …
	Prefetch2      []float32 // … or written; only a hint, never accessed
}

// GemmT describes a batch of products with a transposed left factor, added to C:
//
//	C[b][i][j] += Σ_s Σ_k A[b][s·SegA + k·LdA + i] · B[b][s·SegB + k·LdB + j]
//
// with i < M, j < N, k < K, s < Segments, b < Batch: the gradient of a
// convolution's weights, K pixels in a row and Segments rows.
type GemmT struct {
	A, B, C              []float32
	M, N, K              int // N a multiple of Lanes
	LdA, LdB, LdC        int
	Segments, SegA, SegB int
	Batch                int
	BatchA, BatchB       int
	BatchC               int
	Prefetch1, Prefetch2 []float32
}

// Winograd describes F(4×4, 3×3) transforms of Count tiles that lie side by
// side in one row of tiles. Image holds pixels of C channels: pixel (y, x)
// starts at y·Row + x·C, tile t at pixel (0, 4t). Freq holds the transformed
// values: frequency f of tile t starts at f·Stride + t·C.
//
// The gradient transform reads 4×4 pixels a tile; the output transform writes
// them, and Residual lies as Image does. The input transform reads a pixel more
// on all sides: the rows above and below its tiles by themselves, zeros left of
// the first tile and right of the last one.
type Winograd struct {
	Image, Freq []float32
	C, Row      int
	Stride      int
	Count       int

	// Of WinogradInput: rows −1 and 4 of the image; nil: zeros.
	Above, Below []float32

	// Of WinogradActivate.
	Coef     []float32 // 2 runs of C floats
	Residual []float32 // optional
}

// Stride2 describes transforms of Count tiles of 4×4 outputs of a convolution
// with stride 2 that lie side by side. Image holds pixels of C channels, pixel
// (y, x) at y·Row + x·C. Tile t of outputs starts at pixel (0, 4t), its 9×9
// inputs at (−1, 8t−1): with the row above the image's by itself, and zeros
// left of the first tile. Freq holds the tiles one after the other, each of
// them value by value: [Stride2Values] of inputs, [Stride2Products] of outputs.
type Stride2 struct {
	Image, Freq []float32
	C, Row      int
	Count       int

	Above []float32 // of Stride2Input: row −1 of the image; nil: zeros

	// Of Stride2Activate.
	Coef     []float32 // 2 runs of C floats
	Residual []float32 // optional, lies as Image does
}

// Stride2Grad describes transforms of the gradients of a convolution with
// stride 2, of Count tiles that lie side by side. Image holds pixels of C
// channels, pixel (y, x) at y·Row + x·C. Tile t of outputs has 4×4 pixels from
// (0, 4t) on, of which 5×5 are read: the row below by itself, and zeros right
// of the last tile. Its inputs are the 8×8 pixels from (0, 8t) on.
//
// Freq holds the values of more tiles, of which tile t is number First + t. The
// 25 values that are transformed along both axes come first, value v of tile n
// at v·Stride + n·C, then 10 lines that are transformed along one axis, position
// p of line k of tile n at (25 + 4k)·Stride + (4n + p)·C.
type Stride2Grad struct {
	Image, Freq  []float32
	C, Row       int
	Stride       int
	First, Count int

	Below []float32 // of Stride2OutputGrad: row 4 of the image; nil: zeros
}

// Filter describes transforms between 3×3 filters and their 6×6 frequencies
// or 81 or 36 factors. Taps holds w[tap][i] and Freq u[f][i], i < Len; Len is a
// multiple of Lanes. The gradient transform overwrites Taps.
type Filter struct {
	Taps, Freq []float32
	Len        int
}

const (
	// FourierWindow is the number of positions that a Fourier transform is of.
	FourierWindow = 32
	// FourierStep is the number of positions from a window to the next: as
	// many as a convolution with FourierTaps taps leaves of a window.
	FourierStep = FourierWindow - FourierTaps + 1
	FourierTaps = 9
	// FourierProducts is the number of values of a transformed window.
	FourierProducts = 3*FourierWindow/2 - 1
)

// Fourier describes real Fourier transforms of Count windows of a sequence
// with C channels, for cyclic convolutions with three real products a complex
// frequency. Position p of window t starts at (t·FourierStep + p)·Row of
// Image, value i of window t at i·Stride + t·C of Freq.
//
// With X_k = Σ_p x_p·e^{2πikp/32} the values are
//
//	X_0, X_16, then Re X_k, Im X_k, Re X_k + Im X_k for k = 1, 15, 2, 14 … 7, 9, 8.
//
// The input transform computes them for windows of FourierWindow positions.
// The output transform takes products P of such values, each with its like,
// as those of X·Y: Re = P − P′, Im = P″ − P − P′ (Karatsuba), and computes 32
// times the inverse transform at the first FourierStep positions of a window.
type Fourier struct {
	Image, Freq []float32
	C           int
	Row         int // floats from position to position
	Stride      int // floats from value to value
	Count       int // windows
}

// Post says what Combine does with a combination before storing it.
type Post int

const (
	Plain Post = iota // store it
	ReLU              // store max(value, 0)
	Mask              // store it where MaskCoef[0]+MaskCoef[1]·MaskSrc > 0, else 0
)

// Combine describes
//
//	dst[p][c] = post(Coef[0][c] + Σ_i Coef[i+1][c] · Src[i][p][c])
//
// over Rows rows of Width pixels with C channels. Coef holds Sources+1 runs
// of C floats. The combination is evaluated in the order of the sources, by
// fused multiply-add starting from Coef[0]; a NaN is not hidden by ReLU.
// Destination and sources may be the same array.
type Combine struct {
	Dst      []float32
	Src      [4][]float32
	Sources  int // 1 to 4
	Coef     []float32
	Post     Post
	MaskSrc  []float32
	MaskCoef []float32 // 2 runs of C floats
	C        int
	Rows     int
	Width    int // pixels
	DstRow   int // floats from row to row
	SrcRow   [4]int
	MaskRow  int
}

// Sums describes per-channel sums over Pixels contiguous pixels:
//
//	Out[0][c] += Σ_p A[p][c]
//	Out[1][c] += Σ_p A[p][c]·B[p][c] (+ A2[p][c]·B2[p][c])
//
// A2 and B2 are nil or both given. Out holds 2 runs of C float64; partial
// sums of at most 256 pixels are kept in float32 before they are added to it.
type Sums struct {
	A, B, A2, B2 []float32
	Out          []float64
	C, Pixels    int
}

// DotSums is the number of sums that a product of vectors is kept in.
const DotSums = 32

// Dot describes sums of products of two vectors of one length, in float64:
//
//	Out[i mod DotSums] += X[i]·Y[i]
//
// in ascending i. The products are exact, so that all sets have the same bits.
type Dot struct {
	X, Y []float32
	Out  []float64 // DotSums
}

// SGD describes a step of gradient descent with momentum, of three arrays of
// one length, each product and sum rounded by itself:
//
//	V = Momentum·V + (G + Decay·P),  P = P − LR·V
type SGD struct {
	P, V, G             []float32
	LR, Momentum, Decay float32
}
