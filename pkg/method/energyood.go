package method

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// energyOOD is energyIn, and a bound from below on the energy of outliers:
//
//	mean over the batch of CE + w·max(0, E − m_in)²
//	+ mean over outliers of w·max(0, m_out − E)².
//
// The outliers have a pass of their own.
type energyOOD struct {
	*energyIn
	net      Network
	out      float64
	outliers outliers
	grad     device.Buffer
}

var energyOODInfo = Info{
	Name: "energy-ood",
	Read: Code,
	Differs: []string{
		"The authors fine-tune a trained network for 10 epochs at a learning rate of 0.001, with Nesterov momentum; this trains from scratch.",
		"Their outliers are 80 Million Tiny Images, withdrawn since, twice as many as images and in one batch with them. Here as many outliers as images have a pass with their own batch statistics that leaves the running ones alone: generated outliers would distort those.",
	},
	Kind:      "loss+passes",
	Formula:   "energy-in + mean over outliers of w·max(0, m_out − E)²",
	Reference: "Liu, Wang, Owens & Li 2020; the paper cites Ming, Fan & Li 2022, which uses the same hinges",
	PaperRow:  "Energy-OOD",
	Passes:    "2",
	Params:    energyParams,
	Outliers:  true,
	Notes: []string{
		"The paper names no outliers. Generated ones are the default, and --outliers takes any set: CIFAR-100 beside CIFAR-10, say.",
		energyNote,
		"train_loss is of the training images.",
	},
	make: func(o Options, v values) (part, error) {
		e := &energyOOD{energyIn: newEnergyIn(v), net: o.Net, out: v.number("m-out")}
		var err error
		e.outliers, err = newOutliers(v.word("outliers"), o)
		return e, err
	},
}

func (e *energyOOD) gradient(s *Step, p *passes) error {
	p.run(nn.Train)
	if e.weight == 0 {
		return nil
	}
	if e.grad == nil {
		e.grad = p.be.New(e.net.Grad().Len())
	}
	p.be.Copy(e.grad, e.net.Grad())
	n := e.outliers.load(s)
	p.within(func() {
		e.net.Forward(n, nn.TrainFrozen)
		p.rows(n, outHinge{e})
		e.net.Backward(n)
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
