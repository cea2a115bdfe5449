package device

// Conv1Ds plans stacks of one-dimensional convolutions.
type Conv1Ds interface {
	Conv1D(shape Conv1DShape) Conv1D
}

// Conv1DShape describes a stack of one-dimensional convolutions with stride 1
// and zero padding that keeps the length, each followed by ReLU, over one
// sequence with one input channel.
type Conv1DShape struct {
	Channels []int // outputs of each layer, multiples of 16
	Kernel   int   // taps, odd
	Length   int   // of the sequence
}

// Layer returns the input channels of layer l (from 0) and the offsets of its
// weights, out×in×taps, and of its biases in the stack's flat weights.
func (s Conv1DShape) Layer(l int) (in, weight, bias int) {
	in = 1
	for _, out := range s.Channels[:l] {
		weight += out*in*s.Kernel + out
		in = out
	}
	return in, weight, weight + s.Channels[l]*in*s.Kernel
}

// Weights is the number of weights and biases of the stack.
func (s Conv1DShape) Weights() int {
	last := len(s.Channels) - 1
	_, _, bias := s.Layer(last)
	return bias + s.Channels[last]
}

// Features is the number of channels of the last layer.
func (s Conv1DShape) Features() int { return s.Channels[len(s.Channels)-1] }

// Conv1D is a planned stack of one-dimensional convolutions
//
//	a_0 = x,  a_l = ReLU(w_l ∗ a_{l-1} + b_l),  features = mean over positions of a_n
//
// with the weights of the latest Load. Its methods compute at once. A
// sequence is long and its activations are never stored as a whole, so every
// method computes the forward pass anew.
//
// Features and the cotangent c are in host memory: there are few, and their
// sums are worth more than the precision of a float32.
type Conv1D interface {
	// Load takes flat weights, layer by layer, weights (out×in×taps) before
	// biases: the order of PyTorch's Conv1d.
	Load(w Buffer)
	// Forward computes the features of x.
	Forward(features []float64, x Buffer)
	// Gradient computes the features of x and the gradients of ⟨c, features⟩
	// in x and in the weights; a nil dx or dw is not computed.
	Gradient(features []float64, dx, dw, x Buffer, c []float64)
	// Tangent computes directional derivatives along a change xDot of the
	// sequence: of the features, and of the gradient of ⟨c, features⟩ in the
	// weights. (That of the gradient in x is zero: the stack is piecewise
	// linear in x.)
	Tangent(featuresDot []float64, dwDot, x, xDot Buffer, c []float64)
}

// Conv1DParts is a [Conv1D] that can compute the gradient in one part of the
// sequence alone. It needs the activations around that part and the cotangent,
// which does not depend on the sequence: the part's gradient is exact.
type Conv1DParts interface {
	// GradientPart computes the gradient of ⟨c, features⟩ in one of so many parts
	// of x, writes it to that part of dx, and returns what the part adds to
	// ⟨c, features⟩. Parts are whole chunks of a backend's own size: of more
	// parts than chunks, some are empty.
	GradientPart(dx, x Buffer, c []float64, part, parts int) float64
}
