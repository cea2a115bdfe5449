package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	kernels "srn/kernels/cpu"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// Deviation is how far the results of convolutions of one shape are from
// those in float64, of the same operands.
type Deviation struct {
	Kernels string  `json:"kernels"`
	Pass    string  `json:"pass"` // y, dx or dw
	Shape   string  `json:"shape"`
	Count   int     `json:"count"`
	RMS     float64 `json:"rms"` // of the worst layer, relative to the rms of the results
	Max     float64 `json:"max"` // of the worst layer, relative to the same
}

// checkedImages is how many images the results are compared for.
const checkedImages = 8

// accuracy compares convolutions in float32, by Winograd's transforms and
// direct, with direct ones in float64, on the activations and gradients of a
// trained network.
func (b *bench) accuracy() (section, error) {
	s := section{Name: "accuracy", table: [][]string{{"result", "shape", "layers", "kernels", "rms error", "largest error"}}}
	arch, params, running, err := b.someNetwork()
	if err != nil {
		return s, err
	}
	s.Title = fmt.Sprintf("Convolutions of a trained %s on %d images beside float64, errors relative to the rms of the result", arch, checkedImages)
	var all []Deviation
	for _, name := range []string{b.kernels.Name, b.kernels.Name + kernels.Direct} {
		set, err := kernels.Named(name)
		if err != nil {
			return s, err
		}
		found, err := b.deviations(set, arch, params, running)
		if err != nil {
			return s, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b Deviation) int { return strings.Compare(a.Pass, b.Pass) })
	for _, d := range all {
		s.table = append(s.table, []string{d.Pass, d.Shape, fmt.Sprint(d.Count), d.Kernels, fmt.Sprintf("%.1e", d.RMS), fmt.Sprintf("%.1e", d.Max)})
	}
	s.Data = all
	return s, b.clean()
}

// someNetwork is that of -checkpoint, or one trained for some steps.
func (b *bench) someNetwork() (arch string, params, running []float32, err error) {
	if b.checkpoint != "" {
		c, err := checkpoint.Load(b.checkpoint, checkpoint.Overrides{})
		if err != nil {
			return "", nil, nil, err
		}
		return c.Meta.Arch, c.Params, c.Running, nil
	}
	be := b.backend(b.mostThreads())
	defer be.Close()
	params, running, err = b.taught(be, b.usual())
	return b.usual(), params, running, err
}

// deviations runs a network forward and backward on a set of kernels.
func (b *bench) deviations(set *kernels.Set, arch string, params, running []float32) ([]Deviation, error) {
	be := cpu.New(b.mostThreads(), set)
	defer be.Close()
	c := &checker{Backend: be, kernels: set.Name, checks: map[device.Op]func() func(){}}
	net, err := resnet.New(c, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: checkedImages})
	if err != nil {
		return nil, err
	}
	be.Write(net.Params(), params)
	be.Write(net.Running(), running)
	net.Load()
	batches := dataset.NewBatches(net, b.data.Images(&b.data.Train), b.data.Train.Labels)
	batches.Load(b.data.Train.Indices()[:checkedImages])
	batches.WriteTargets()
	net.Forward(checkedImages, nn.TrainFrozen)
	net.CrossEntropy(checkedImages)
	net.Backward(checkedImages)
	return c.found, nil
}

// checker is a backend that runs operations one at a time and compares what
// convolutions compute with the same in float64.
type checker struct {
	device.Backend
	kernels string
	checks  map[device.Op]func() func() // run before an operation; what it returns, after it
	found   []Deviation
}

// Run implements device.Backend.
func (c *checker) Run(n int, stage device.Stage) {
	for _, op := range stage {
		after := func() {}
		if before := c.checks[op]; before != nil {
			after = before()
		}
		c.Backend.Run(n, device.Stage{op})
		after()
	}
}

// compare takes in the error of a result.
func (c *checker) compare(pass string, s device.ConvShape, got device.Buffer, want []float64) {
	values := c.read(got)
	var squares, errors, largest float64
	for i, w := range want {
		e := float64(values[i]) - w
		squares, errors, largest = squares+w*w, errors+e*e, max(largest, math.Abs(e))
	}
	rms := math.Sqrt(squares / float64(len(want)))
	d := Deviation{c.kernels, pass, convName(s), 1, math.Sqrt(errors/float64(len(want))) / rms, largest / rms}
	for i := range c.found {
		if f := &c.found[i]; f.Pass == d.Pass && f.Shape == d.Shape {
			f.Count, f.RMS, f.Max = f.Count+1, max(f.RMS, d.RMS), max(f.Max, d.Max)
			return
		}
	}
	c.found = append(c.found, d)
}

func (c *checker) read(b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	c.Read(v, b)
	return v
}

// operand evaluates an operand of images with so many channels.
func (c *checker) operand(o device.Operand, channels int) []float32 {
	var src [][]float32
	for _, s := range o.Src {
		src = append(src, c.read(s))
	}
	if o.Coef == nil {
		return src[0]
	}
	coef := c.read(o.Coef)
	var gate, gateCoef []float32
	if o.Post == device.Mask {
		gate, gateCoef = c.read(o.MaskSrc), c.read(o.MaskCoef)
	}
	dst := make([]float32, len(src[0]))
	for i := range dst {
		k := i % channels
		v := float64(coef[k])
		for s := range src {
			v += float64(coef[(s+1)*channels+k]) * float64(src[s][i])
		}
		switch {
		case o.Post == device.ReLU:
			v = max(v, 0)
		case o.Post == device.Mask && !(gateCoef[k]+gateCoef[channels+k]*gate[i] > 0):
			v = 0
		}
		dst[i] = float32(v)
	}
	return dst
}

// Conv implements device.Convs.
func (c *checker) Conv(s device.ConvShape) device.Conv {
	return &checkedConv{Conv: c.Backend.Conv(s), c: c, s: s}
}

type checkedConv struct {
	device.Conv
	c *checker
	s device.ConvShape
	w device.Buffer
}

// Load implements device.Conv.
func (v *checkedConv) Load(w device.Buffer) device.Op {
	v.w = w
	return v.Conv.Load(w)
}

// Forward implements device.Conv.
func (v *checkedConv) Forward(y device.Buffer, x device.Operand) device.Op {
	op := v.Conv.Forward(y, x)
	v.c.checks[op] = func() func() {
		want := make([]float64, y.Len())
		input, w := v.c.operand(x, v.s.In), v.c.read(v.w)
		eachProduct(v.s, func(atY, atX, atW int) { want[atY] += float64(input[atX]) * float64(w[atW]) })
		return func() { v.c.compare("output", v.s, y, want) }
	}
	return op
}

// Backward implements device.Conv.
func (v *checkedConv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	op := v.Conv.Backward(dx, dw, x, dy)
	v.c.checks[op] = func() func() {
		input, grad, w := v.c.operand(x, v.s.In), v.c.operand(dy, v.s.Out), v.c.read(v.w)
		wantX, wantW := make([]float64, len(input)), make([]float64, len(w))
		eachProduct(v.s, func(atY, atX, atW int) {
			g := float64(grad[atY])
			wantX[atX] += g * float64(w[atW])
			wantW[atW] += g * float64(input[atX])
		})
		return func() {
			if dx != nil {
				v.c.compare("gradient in the input", v.s, dx, wantX)
			}
			v.c.compare("gradient in the weights", v.s, dw, wantW)
		}
	}
	return op
}

// eachProduct visits every product of a convolution of checkedImages images:
// the places of its output, input and weight.
func eachProduct(s device.ConvShape, visit func(y, x, w int)) {
	out := s.Size / s.Stride
	for at := range checkedImages * out * out {
		image, row, column := at/(out*out), at/out%out, at%out
		for tap := range 9 {
			r, q := row*s.Stride+tap/3-1, column*s.Stride+tap%3-1
			if r < 0 || r >= s.Size || q < 0 || q >= s.Size {
				continue
			}
			pixel := ((image*s.Size+r)*s.Size + q) * s.In
			for o := range s.Out {
				for i := range s.In {
					visit(at*s.Out+o, pixel+i, (o*s.In+i)*9+tap)
				}
			}
		}
	}
}
