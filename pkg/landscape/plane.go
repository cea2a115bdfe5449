package landscape

// Plane is the parameters that a plot's coordinates stand for:
// origin + a·Directions[0] + b·Directions[1].
type Plane struct {
	Origin     []float32
	Directions [][]float32 // one or two
	// Running, with RunningDirection, moves the running statistics of batch
	// normalisation along with the first direction, as an interpolation
	// between two networks does. Without RunningDirection they stay.
	Running, RunningDirection []float32

	params, running []float32
}

// Between is the line from one network (coordinate 0) to another (1), running
// statistics included.
func Between(params, running, toParams, toRunning []float32) *Plane {
	return &Plane{Origin: params, Directions: [][]float32{minus(toParams, params)},
		Running: running, RunningDirection: minus(toRunning, running)}
}

func minus(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// At returns the parameters at coordinates, one for each direction, and the
// running statistics. Both are valid until the next call. A variance that
// extrapolation makes negative is zero.
func (p *Plane) At(coordinates ...float64) (params, running []float32) {
	if p.params == nil {
		p.params = make([]float32, len(p.Origin))
		p.running = make([]float32, len(p.Running))
	}
	for i, x := range p.Origin {
		sum := float64(x)
		for k, d := range p.Directions {
			sum += coordinates[k] * float64(d[i])
		}
		p.params[i] = float32(sum)
	}
	copy(p.running, p.Running)
	for i, d := range p.RunningDirection {
		p.running[i] = float32(float64(p.Running[i]) + coordinates[0]*float64(d))
	}
	return p.params, p.running
}
