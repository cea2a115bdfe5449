package method

import (
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// energyOOD is energyIn, and a bound from below on the energy of outliers:
//
//	mean over the batch of CE + w·max(0, E − m_in)²
//	+ mean over outliers of w·max(0, m_out − E)².
//
// The outliers are made from the batch and have a pass of their own.
type energyOOD struct {
	*energyIn
	net       Network
	out       float64
	patches   bool
	seed      uint64
	random    rng.Rand
	mean, std [3]float32

	grad   device.Buffer
	images []float32
	image  [pixels]float32
}

var energyOODInfo = Info{
	Name:      "energy-ood",
	Kind:      "loss+passes",
	Formula:   "energy-in + mean over generated outliers of w·max(0, m_out − E)²",
	Reference: "Liu, Wang, Owens & Li 2020; the paper cites Ming, Fan & Li 2022, which uses the same hinges",
	PaperRow:  "Energy-OOD",
	Passes:    "2",
	Params:    energyParams,
	Notes: []string{
		"The paper names no outliers. The authors' are 80 Million Tiny Images, withdrawn since; these are generated.",
		"The authors fine-tune a trained network and put outliers and images into one batch. Here training starts from scratch and outliers have a pass with their own batch statistics that leaves the running ones alone: generated outliers would distort those.",
		"train_loss is of the training images.",
	},
	make: func(o Options, v values) (part, error) {
		return &energyOOD{energyIn: newEnergyIn(v), net: o.Net, out: v.number("m-out"), patches: v.word("outliers") == "patches",
			seed: o.Seed, mean: o.Mean, std: o.Std}, nil
	},
}

var outlierStream = rng.Stream("outliers")

func (e *energyOOD) gradient(s *Step, p *passes) error {
	p.run(nn.Train)
	if e.weight == 0 {
		return nil
	}
	if e.grad == nil {
		e.grad = p.be.New(e.net.Grad().Len())
		e.images = make([]float32, e.net.Input().Len())
	}
	p.be.Copy(e.grad, e.net.Grad())
	input := e.net.Input().Slice(0, s.Images*pixels)
	images := e.images[:s.Images*pixels]
	p.be.Read(images, input)
	for i := range s.Images {
		e.random.Reset(e.seed, outlierStream, uint64(s.Number), uint64(i))
		e.outlier(images[i*pixels:][:pixels])
	}
	p.be.Write(input, images)
	p.within(func() {
		e.net.Forward(s.Images, nn.TrainFrozen)
		p.rows(s.Images, outHinge{e})
		e.net.Backward(s.Images)
	})
	p.be.Axpy(e.net.Grad(), 1, e.grad)
	return nil
}

// outHinge is the loss of outliers.
type outHinge struct{ *energyOOD }

func (h outHinge) row(d, z, _ []float64) float64 {
	missing := softmax(d, z) + h.out // d is p = −∂E/∂z
	if missing <= 0 {
		clear(d)
		return 0
	}
	for k := range d {
		d[k] *= 2 * h.weight * missing
	}
	return h.weight * missing * missing
}

// outlier turns an image into one.
func (e *energyOOD) outlier(image []float32) {
	if !e.patches {
		for i := range image {
			c := i % 3
			image[i] = (float32(e.random.Float64()) - e.mean[c]) / e.std[c]
		}
		return
	}
	const side, row = 8, imageSize / 8
	copy(e.image[:], image)
	for to, from := range e.random.Perm(row * row) {
		for y := range side {
			a := ((to/row*side+y)*imageSize + to%row*side) * 3
			b := ((from/row*side+y)*imageSize + from%row*side) * 3
			copy(image[a:a+3*side], e.image[b:b+3*side])
		}
	}
}
