// Package device says what a backend offers to networks: memory, operations
// over batches of images, and arithmetic on flat vectors. Subpackages
// implement it: cpu with the kernels of kernels/cpu.
//
// Operations are planned once, with the buffers they read and write, and run
// many times. Images are stored NHWC, float32. Every operation on activations
// has a tangent: the directional derivative of what it computes, so that
// Hessian-vector products are exact.
//
// Results do not depend on the number of threads: work is split into chunks
// of a fixed number of images and reduced in their order.
package device

// Buffer is a float32 array in a backend's memory.
type Buffer interface {
	Len() int
	// Slice returns elements lo to hi-1, sharing memory.
	Slice(lo, hi int) Buffer
}

// Op is one planned operation of a backend.
type Op interface{}

// Stage is a sequence of operations that a backend may interleave: image by
// image, each sees what those before it computed for that image. Results that
// need the whole batch (statistics, weight gradients) are ready when the
// stage has ended, except that operations which only combine such results
// run after those before them in the stage.
type Stage []Op

// Backend is a device that holds buffers and runs operations. A Backend is
// used by one goroutine at a time. Its methods panic with a *[Failure] where
// the device fails.
type Backend interface {
	// Name is "cpu" or "cuda:N", followed by the kernels in use in brackets.
	Name() string

	// ImagesAtOnce is how many images, most at most, to run at a time where
	// results do not depend on it: few, if memory that a pass has just used is
	// faster to write again.
	ImagesAtOnce(most int) int

	// New returns a zeroed buffer of n elements.
	New(n int) Buffer
	// Read copies src to host memory of the same length.
	Read(dst []float32, src Buffer)
	// Write copies host memory to dst of the same length.
	Write(dst Buffer, src []float32)
	// Wait waits until all that was asked for is done, to measure times.
	Wait()

	// Run runs a stage over the first n images of its buffers.
	Run(n int, stage Stage)

	Convs
	Conv1Ds
	Layers
	Vectors
	Tallies
}

// Convs plans 3×3 convolutions with padding 1.
type Convs interface {
	// Conv plans a convolution. Batch is the largest number of images.
	Conv(shape ConvShape) Conv
}

// ConvShape describes a 3×3 convolution with padding 1 on square images.
type ConvShape struct {
	In, Out int // channels; Out a multiple of 16, In too or 3
	Size    int // height and width of the input, even where Stride is 2
	Stride  int // 1 or 2; 1 of images with 3 channels
	Batch   int // largest number of images
}

// Conv is a planned convolution: y = x ∗ w, bilinear in its operands.
//
// Gradients are of the loss whose gradient in y is dy. Tangents (…Dot) are
// directional derivatives. Weights and their gradients are OIHW.
type Conv interface {
	// Load prepares weights w for the passes run after it.
	Load(w Buffer) Op
	// LoadTangent prepares the weights' tangent.
	LoadTangent(wDot Buffer) Op
	// Forward computes y = x ∗ w.
	Forward(y Buffer, x Operand) Op
	// Activate computes z = ReLU(shift + scale·(x ∗ w) + residual), which is all
	// that inference needs, and stores nothing else. Coef is [shift, scale, 1]
	// ([BatchNorm].Coef); the residual may be nil.
	Activate(z Buffer, x Operand, coef, residual Buffer) Op
	// ForwardTangent computes ẏ = ẋ ∗ w + x ∗ ẇ.
	// A zero xDot stands for an input that does not change.
	ForwardTangent(yDot Buffer, x, xDot Operand) Op
	// Backward computes the gradients in x (unless dx is nil; images of 3
	// channels have one too) and w.
	Backward(dx, dw Buffer, x, dy Operand) Op
	// BackwardTangent computes the tangents of both gradients.
	BackwardTangent(dxDot, dwDot Buffer, x, xDot, dy, dyDot Operand) Op
}

// Operand is a batch of images as an operation reads it: stored, or computed
// on the way in from stored ones, channel by channel:
//
//	post(Coef[0] + Σ_i Coef[i+1]·Src[i])
type Operand struct {
	Src      []Buffer // 1 to 4
	Coef     Buffer   // (len(Src)+1 or more) × channels; nil: Src[0] as it is
	Post     Post
	MaskSrc  Buffer // for Mask
	MaskCoef Buffer // 2 × channels
}

// Zero reports whether the operand is absent, which stands for zeros.
func (o Operand) Zero() bool { return len(o.Src) == 0 }

// Stored is an operand that is read as it is.
func Stored(b Buffer) Operand { return Operand{Src: []Buffer{b}} }

// Post says what happens to a combination before it is used.
type Post int

const (
	Plain Post = iota // nothing
	ReLU              // max(v, 0)
	Mask              // v where MaskCoef[0]+MaskCoef[1]·MaskSrc > 0, else 0
)

// Layers plans the operations between convolutions.
type Layers interface {
	// Combine stores an operand with the given shape.
	Combine(dst Buffer, src Operand, channels, pixels int) Op
	// BatchNorm plans batch normalisation of images with the given number of
	// channels and of pixels an image.
	BatchNorm(channels, pixels, batch int) BatchNorm
	// Subsample takes every second pixel of every second row and centres the
	// channels among twice as many: the option-A shortcut of He et al. 2016.
	// Size is the input's height and width. The other channels of dst are
	// left as they are, which is zero in a new buffer.
	Subsample(dst, src Buffer, channels, size int) Op
	// SubsampleGrad adds the gradient of Subsample to dsrc.
	SubsampleGrad(dsrc, ddst Buffer, channels, size int) Op
	// MeanPool averages each channel over an image's pixels.
	MeanPool(dst, src Buffer, channels, pixels int) Op
	// MeanPoolGrad spreads the gradient evenly over the pixels.
	MeanPoolGrad(dsrc, ddst Buffer, channels, pixels int) Op
	// Multiply multiplies each image's width numbers in x by those in by.
	Multiply(x, by Buffer, width int) Op
	// Linear plans y = x·Wᵀ + b with W out×in.
	Linear(in, out, batch int) Linear
	// CrossEntropy computes for each image −Σ_k target_k·log softmax(logits)_k
	// and the gradient in the logits of the mean over the images of the run.
	CrossEntropy(loss, dlogits, logits, targets Buffer, classes int) Op
	// CrossEntropyTangent computes the tangent of that gradient.
	CrossEntropyTangent(dlogitsDot, logitsDot, logits, targets Buffer, classes int) Op
	// Load plans filling dst with normalised images picked from a data set.
	Load(dst Buffer, images *Images) Loader
}

// BatchNorm is batch normalisation with learned scale γ and shift β, and the
// state of its latest forward pass. Sums are accumulated in float64.
//
// It computes coefficients, which [Operand]s then apply:
//
//	activation          z  from y           Coef (y, residual)
//	activation tangent  ż  from ẏ, y        TangentCoef (ẏ, y, residual's tangent)
//	gradient            dy from dz, y       GradCoef
//	gradient tangent    dẏ from dz, dż, y, ẏ  GradTangentCoef
//
// where a residual enters with coefficient 1.
type BatchNorm interface {
	// Train takes the statistics of y (biased variance, ε 1e-5) and updates
	// the running ones with momentum 0.1 (unbiased variance) if they are given.
	Train(y, gamma, beta, runningMean, runningVar Buffer) Op
	// Eval uses the running statistics.
	Eval(gamma, beta, runningMean, runningVar Buffer) Op
	// Tangent follows Train or Eval with tangents of y, γ and β.
	Tangent(yDot, y, gammaDot, betaDot Buffer) Op
	// Backward computes the gradients in γ and β from dz, and GradCoef.
	Backward(dgamma, dbeta, dz, y Buffer) Op
	// BackwardTangent computes the tangents of Backward's results.
	BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot Buffer) Op

	Coef() Buffer            // [shift, scale, 1]
	TangentCoef() Buffer     // [constant, ẏ, y, 1]
	GradCoef() Buffer        // [constant, dz, y]
	GradTangentCoef() Buffer // [constant, dz, dż, y, ẏ]
}

// Linear is y = x·Wᵀ + b; dw and db are sums over the images.
type Linear interface {
	Forward(y, x, w, b Buffer) Op
	ForwardTangent(yDot, x, xDot, w, wDot, bDot Buffer) Op
	Backward(dx, dw, db, dy, x, w Buffer) Op
	BackwardTangent(dxDot, dwDot, dbDot, dy, dyDot, x, xDot, w, wDot Buffer) Op
}

// Images is a data set as bytes.
type Images struct {
	Pixels    []byte // N × Size × Size × 3
	Size      int
	Mean, Std [3]float32 // of pixel values scaled to 0…1
}

// Pick names one image of a data set and how it is cropped: shifted by
// (DY, DX) pixels over a border of zeros (after normalisation: of the mean),
// then mirrored.
type Pick struct {
	Index  int32
	DY, DX int8
	Flip   bool
}

// Loader fills a buffer with picked images.
type Loader interface {
	// Op loads the picks of the latest Set.
	Op() Op
	// Set chooses the images of the next run; picks must stay unchanged until it has ended.
	Set(picks []Pick)
}

// Vectors is arithmetic on flat vectors of equal length.
type Vectors interface {
	Copy(dst, src Buffer)
	Fill(dst Buffer, value float32)
	// Axpy adds a·x to y.
	Axpy(y Buffer, a float32, x Buffer)
	Scale(x Buffer, a float32)
	// Dot returns ⟨x, y⟩, accumulated in float64.
	Dot(x, y Buffer) float64
	// SGD takes one step of stochastic gradient descent as PyTorch does:
	// g += weightDecay·p; v = momentum·v + g; p −= lr·v. The gradient is not changed.
	SGD(p, v, g Buffer, lr, momentum, weightDecay float32)
	// Blend returns a sum of ratios that is zero.
	Blend() Blend
}
