package train

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/run"
)

// descent takes the optimiser's steps: SGD with momentum, by the recipe
//
//	g ← g·min(1, c/(‖g‖ + 10⁻⁶))                 clipped to c
//	d = g + wd·θ                                  of all parameters, or of weights alone
//	v ← μ·v + d
//	θ ← θ − lr·v, with Nesterov θ − lr·(d + μ·v)
//
// each as PyTorch has it, and the average of what there is after each step.
type descent struct {
	run       *Run
	velocity  device.Buffer
	direction device.Buffer // d; nil: the backend's SGD does all

	// The averages of parameters and running statistics; nil: none.
	average, averageRunning device.Buffer
	own, ownRunning         device.Buffer // what the averages take the place of
}

func newDescent(r *Run) *descent {
	c, n := r.Config, r.Net.Params().Len()
	d := &descent{run: r, velocity: r.be.New(n)}
	if c.Nesterov || c.DecayOf == "weights" {
		d.direction = r.be.New(n)
	}
	if c.EMA > 0 {
		m := r.Net.Running().Len()
		d.average, d.own = r.be.New(n), r.be.New(n)
		d.averageRunning, d.ownRunning = r.be.New(m), r.be.New(m)
	}
	return d
}

// begin starts the average from the network as it is.
func (d *descent) begin() {
	if d.average != nil {
		d.run.be.Copy(d.average, d.run.Net.Params())
		d.run.be.Copy(d.averageRunning, d.run.Net.Running())
	}
}

// step moves the parameters against the network's gradient.
func (d *descent) step(lr float32) {
	be, net, c := d.run.be, d.run.Net, d.run.Config
	p, g := net.Params(), net.Grad()
	momentum, decay := float32(c.Momentum), float32(c.WeightDecay)
	if c.ClipNorm > 0 {
		if scale := c.ClipNorm / (math.Sqrt(be.Dot(g, g)) + 1e-6); scale < 1 {
			be.Scale(g, float32(scale))
		}
	}
	if d.direction == nil {
		be.SGD(p, d.velocity, g, lr, momentum, decay)
		return
	}
	be.Copy(d.direction, g)
	if c.DecayOf != "weights" {
		be.Axpy(d.direction, decay, p)
	} else {
		for _, t := range net.Layout() {
			if len(t.Shape) > 1 {
				be.Axpy(d.direction.Slice(t.Offset, t.Offset+t.Len()), decay, p.Slice(t.Offset, t.Offset+t.Len()))
			}
		}
	}
	if !c.Nesterov {
		be.SGD(p, d.velocity, d.direction, lr, momentum, 0)
		return
	}
	be.Scale(d.velocity, momentum)
	be.Axpy(d.velocity, 1, d.direction)
	be.Axpy(p, -lr, d.direction)
	be.Axpy(p, -lr*momentum, d.velocity)
}

// follow takes the network after a step into the averages.
func (d *descent) follow() {
	if d.average == nil {
		return
	}
	be, keep := d.run.be, float32(d.run.Config.EMA)
	for _, v := range [][2]device.Buffer{{d.average, d.run.Net.Params()}, {d.averageRunning, d.run.Net.Running()}} {
		be.Scale(v[0], keep)
		be.Axpy(v[0], 1-keep, v[1])
	}
}

// averaged puts the averages into the network, where there are any, and returns
// what puts its own parameters and statistics back.
func (d *descent) averaged() (restore func()) {
	if d.average == nil {
		return func() {}
	}
	be, net := d.run.be, d.run.Net
	swap := func(to, from [2]device.Buffer) {
		be.Copy(to[0], from[0])
		be.Copy(to[1], from[1])
	}
	live := [2]device.Buffer{net.Params(), net.Running()}
	own := [2]device.Buffer{d.own, d.ownRunning}
	swap(own, live)
	swap(live, [2]device.Buffer{d.average, d.averageRunning})
	net.Load()
	return func() {
		swap(live, own)
		net.Load()
	}
}

// buffers names what a state holds of it.
func (d *descent) buffers() []run.Buffer {
	list := []run.Buffer{{Name: "state.velocity", Buffer: d.velocity}}
	if d.average != nil {
		list = append(list, run.Buffer{Name: "state.average.params", Buffer: d.average}, run.Buffer{Name: "state.average.running", Buffer: d.averageRunning})
	}
	return list
}
