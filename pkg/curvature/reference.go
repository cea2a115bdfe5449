package curvature

import (
	"fmt"
	"math"
	"slices"

	"srn/pkg/device"
	"srn/pkg/device/plain"
	"srn/pkg/nn"
)

// Matrix names what a [Loss] puts in the Hessian's place.
type Matrix string

const (
	HessianMatrix Matrix = "hessian" // of the mean cross-entropy
	GGNMatrix     Matrix = "ggn"     // [GaussNewton]
	FisherMatrix  Matrix = "fisher"  // [Fisher]
	MarginMatrix  Matrix = "margin"  // [Margin]
)

// PlainNetwork is a classifier whose forward and backward passes run on the
// float64 backend of package plain; [srn/pkg/resnet.Net] built there is one.
type PlainNetwork interface {
	Backend() device.Backend
	Layout() nn.Layout
	Params() device.Buffer
	Load()
	Grad() device.Buffer
	Logits() device.Buffer
	LogitGrad() device.Buffer
	Loss() device.Buffer
	Loader(*device.Images) device.Loader
	Forward(images int, mode nn.Mode)
	Backward(images int)
}

// Reference computes products of a [Matrix] in float64 from nothing but a
// network's forward and backward passes: central differences of gradients, or of
// logits, over steps so short that no unit of a ReLU switches within them. It
// shares no tangent with the products that it is a reference for. A product
// takes some tenths of a second for each image.
type Reference struct {
	net     PlainNetwork
	be      *plain.Backend
	loader  device.Loader
	mode    nn.Mode
	matrix  Matrix
	tau     float64
	labels  []int32
	classes int
	theta   []float64 // the parameters at which products are taken
}

// NewReference plans a reference at the network's parameters. Tau is the
// margin's temperature; the rest is as for [NewCrossEntropy]. The network's
// batch size bounds the examples of a product.
func NewReference(net PlainNetwork, images *device.Images, labels []int32, mode nn.Mode, matrix Matrix, tau float64) (*Reference, error) {
	be, ok := net.Backend().(*plain.Backend)
	if !ok {
		return nil, fmt.Errorf("a reference needs a network in float64, not on %s", net.Backend().Name())
	}
	return &Reference{
		net: net, be: be, loader: net.Loader(images), mode: mode, matrix: matrix, tau: tau, labels: labels,
		classes: net.Logits().Len() / net.Loss().Len(), theta: slices.Clone(plain.Wide(net.Params())),
	}, nil
}

// Batch is the largest number of examples of a product.
func (r *Reference) Batch() int { return r.net.Loss().Len() }

const (
	// firstStep is the first length of a difference, and leastStep the last, of
	// ‖θ‖; float64 resolves parameters to 1e-16.
	firstStep, leastStep = 1e-7, 1e-11
)

// switches is the error of a point where units switch within any step.
var errSwitches = fmt.Errorf("units of a ReLU are at zero: there is no Hessian at this point")

// product is the product of v and the matrix of the mean over the examples.
func (r *Reference) product(examples []int32, v []float64) ([]float64, error) {
	r.load(examples)
	size := norm(v)
	if size == 0 {
		return make([]float64, len(v)), nil
	}
	for step := firstStep; step >= leastStep; step /= 10 {
		h := step * max(norm(r.theta), 1e-3) / size
		product, smooth := r.differences(examples, v, h)
		if smooth {
			return product, nil
		}
	}
	return nil, errSwitches
}

// load makes the examples the batch.
func (r *Reference) load(examples []int32) {
	picks := make([]device.Pick, len(examples))
	for i, e := range examples {
		picks[i].Index = e
	}
	r.loader.Set(picks)
	r.be.Run(len(examples), device.Stage{r.loader.Op()})
}

// forward runs the network at θ + h·v and returns its logits, and the signs of
// its units.
func (r *Reference) forward(images int, v []float64, h float64) (logits []float64, signs uint64) {
	params := plain.Wide(r.net.Params())
	for i, x := range r.theta {
		params[i] = x + h*v[i]
	}
	r.net.Load()
	r.be.Signs()
	r.net.Forward(images, r.mode)
	return plain.Wide(r.net.Logits())[:images*r.classes], r.be.Signs()
}

// backward is Σ c_i·∇z_i at the parameters of the latest forward.
func (r *Reference) backward(images int, c []float64) []float64 {
	copy(plain.Wide(r.net.LogitGrad()), c)
	r.net.Backward(images)
	return slices.Clone(plain.Wide(r.net.Grad()))
}

// differences computes a product with steps of length h, and says whether no
// unit switched within them.
func (r *Reference) differences(examples []int32, v []float64, h float64) (product []float64, smooth bool) {
	n := len(examples)
	if r.matrix == GGNMatrix || r.matrix == FisherMatrix {
		ahead, above := r.forward(n, v, h)
		dot := slices.Clone(ahead)
		behind, below := r.forward(n, v, -h)
		for i, z := range behind {
			dot[i] = (dot[i] - z) / (2 * h)
		}
		z, at := r.forward(n, v, 0)
		return r.backward(n, r.curved(examples, z, dot)), above == at && below == at
	}
	z, above := r.forward(n, v, h)
	product = r.backward(n, r.slope(examples, z))
	z, below := r.forward(n, v, -h)
	for i, g := range r.backward(n, r.slope(examples, z)) {
		product[i] = (product[i] - g) / (2 * h)
	}
	_, at := r.forward(n, v, 0)
	return product, above == at && below == at
}

// slope is the gradient of the mean loss, or margin, in the logits.
func (r *Reference) slope(examples []int32, logits []float64) []float64 {
	n := float64(len(examples))
	c := make([]float64, len(logits))
	for i, e := range examples {
		z, row, y := logits[i*r.classes:][:r.classes], c[i*r.classes:][:r.classes], int(r.labels[e])
		if r.matrix == MarginMatrix {
			softmax64(row, z, r.tau, y)
			for k := range row {
				row[k] /= -n
			}
			row[y] = 1 / n
			continue
		}
		softmax64(row, z, 1, -1)
		row[y]--
		for k := range row {
			row[k] /= n
		}
	}
	return c
}

// curved is the Hessian of the mean loss in the logits, or the Fisher matrix's
// part there, times the logits' tangent.
func (r *Reference) curved(examples []int32, logits, dot []float64) []float64 {
	n := float64(len(examples))
	c := make([]float64, len(logits))
	for i, e := range examples {
		p, d := c[i*r.classes:][:r.classes], dot[i*r.classes:][:r.classes]
		softmax64(p, logits[i*r.classes:][:r.classes], 1, -1)
		if r.matrix == FisherMatrix {
			p[r.labels[e]]--
		}
		var mean float64
		for k := range p {
			mean += p[k] * d[k]
		}
		for k := range p {
			if r.matrix == FisherMatrix {
				p[k] *= mean / n
			} else {
				p[k] *= (d[k] - mean) / n
			}
		}
	}
	return c
}

// softmax64 computes p = softmax(τ·z) over the classes other than without.
func softmax64(p, z []float64, tau float64, without int) {
	largest, sum := math.Inf(-1), 0.0
	for k, v := range z {
		if k != without {
			largest = math.Max(largest, v)
		}
	}
	for k, v := range z {
		p[k] = 0
		if k != without {
			p[k] = math.Exp(tau * (v - largest))
			sum += p[k]
		}
	}
	for k := range p {
		p[k] /= sum
	}
}

// roundingOfUnits is how far, in comparison with their root mean square, float32
// passes may be off in what ReLUs read.
const roundingOfUnits = 5e-6

// clean says that no unit is so near zero on the examples that rounding may
// switch it, and returns the mean loss.
func (r *Reference) clean(examples []int32) (clean bool, loss float64) {
	r.load(examples)
	still := make([]float64, len(r.theta))
	logits, signs := r.forward(len(examples), still, 0)
	p := make([]float64, r.classes)
	for i, e := range examples {
		softmax64(p, logits[i*r.classes:][:r.classes], 1, -1)
		loss -= math.Log(max(p[r.labels[e]], math.SmallestNonzeroFloat64)) / float64(len(examples))
	}
	clean = true
	for _, sign := range []float64{1, -1} {
		r.switched(sign, func() error {
			_, other := r.forward(len(examples), still, 0)
			clean = clean && other == signs
			return nil
		})
	}
	return clean, loss
}

// switched calls f with the units that rounding may switch active where sign is
// -1, and not active where it is 1.
func (r *Reference) switched(sign float64, f func() error) error {
	r.be.Threshold = sign * roundingOfUnits
	defer func() { r.be.Threshold = 0 }()
	return f()
}

// as returns the reference of another matrix of the same network.
func (r *Reference) as(matrix Matrix) *Reference {
	other := *r
	other.matrix = matrix
	return &other
}

// rounded calls f with the parameters moved by up to half of a unit in the last
// place of a float32 each, at random.
func (r *Reference) rounded(seed uint64, f func() error) error {
	theta := r.theta
	defer func() { r.theta = theta }()
	move := make([]float64, len(theta))
	gaussian(move, seed, 1<<32)
	r.theta = slices.Clone(theta)
	for i, x := range move {
		r.theta[i] *= 1 + x*0x1p-25
	}
	return f()
}

// direction makes a random vector whose part along each tensor is as long as
// the tensor, or as a millionth of all parameters where that is more: so each
// tensor's columns count.
func (r *Reference) direction(v []float64, seed, number uint64) {
	gaussian(v, seed, 1<<33+number)
	least := 1e-6 * norm(r.theta)
	for _, p := range r.net.Layout() {
		part := v[p.Offset:][:p.Len()]
		scale := max(norm(r.theta[p.Offset:][:p.Len()]), least) / norm(part)
		for i := range part {
			part[i] *= scale
		}
	}
}

// noise bounds what rounding may make of each element of a product: by products at
// parameters that are rounded otherwise and, where units may be switched, by
// products with these on and off.
func (r *Reference) noise(examples []int32, v, product []float64, clean bool, seed uint64) ([]float64, error) {
	noise := make([]float64, len(product))
	add := func(scale float64) func() error {
		return func() error {
			other, err := r.product(examples, v)
			if err != nil {
				return err
			}
			for i, x := range other {
				noise[i] += scale * math.Abs(x-product[i])
			}
			return nil
		}
	}
	if err := r.rounded(seed, add(magnified)); err != nil {
		return nil, err
	}
	if clean {
		return noise, nil
	}
	for _, sign := range []float64{1, -1} {
		if err := r.switched(sign, add(2)); err != nil {
			return nil, err
		}
	}
	return noise, nil
}
