package record

import "fmt"

// Density is the spectral density of a matrix by stochastic Lanczos quadrature.
type Density struct {
	Subject
	Matrix
	Algorithm string `json:"algorithm"`
	// Distribution of the probes, their seed, their number and the Lanczos steps of each.
	Distribution string `json:"distribution"`
	ProbeSeed    int64  `json:"probe_seed"`
	Probes       int    `json:"probes" range:"0.."`
	Steps        int    `json:"steps" unit:"steps" range:"0.."`
	// Hessian-vector products taken.
	HVPs int `json:"hvps" unit:"HVPs" range:"0.."`
	// Smallest and largest node.
	RitzMin float64 `json:"ritz_min"`
	RitzMax float64 `json:"ritz_max"`
	// Estimate of the trace, and its standard error, the matrix's own in float32 included.
	Trace       float64 `json:"trace"`
	TraceStderr float64 `json:"trace_stderr" range:"0.."`
	// The part of that error, and the error of every node, that is the matrix's own in float32: more probes do not lower it.
	TraceFloor float64 `json:"trace_floor,omitzero" range:"0.."`
	NodeFloor  float64 `json:"node_floor,omitzero" range:"0.."`
	// Nodes and weights of each probe's quadrature.
	Nodes   [][]float64 `json:"nodes"`
	Weights [][]float64 `json:"weights"`
	// The smoothed density: the kernel's standard deviation, the points and the values.
	Smoothing string    `json:"smoothing,omitzero"`
	Bandwidth *float64  `json:"bandwidth,omitzero" range:"0.."`
	Grid      []float64 `json:"grid,omitzero"`
	Density   []float64 `json:"density,omitzero"`
	Timed
}

func (Density) Type() string { return "density" }

func (d Density) check() *FieldError {
	if len(d.Nodes) != len(d.Weights) {
		return &FieldError{Field: "weights", Problem: fmt.Sprintf("has %d lists, but nodes has %d", len(d.Weights), len(d.Nodes))}
	}
	for i := range d.Nodes {
		if len(d.Nodes[i]) != len(d.Weights[i]) {
			return &FieldError{Field: "weights", Problem: fmt.Sprintf("list %d has %d numbers, but that of nodes has %d", i+1, len(d.Weights[i]), len(d.Nodes[i]))}
		}
	}
	if len(d.Grid) != len(d.Density) {
		return &FieldError{Field: "density", Problem: fmt.Sprintf("has %d values, but grid has %d", len(d.Density), len(d.Grid))}
	}
	return nil
}

// Trace is the trace and the Frobenius norm of a matrix, with standard errors.
type Trace struct {
	Subject
	Matrix
	// hutch++ or hutchinson.
	Algorithm string `json:"algorithm"`
	// Distribution of the probes and their seed.
	Distribution string `json:"distribution"`
	ProbeSeed    int64  `json:"probe_seed"`
	// Hessian-vector products taken; vectors of the sketch; samples of the rest.
	HVPs            int     `json:"hvps" unit:"HVPs" range:"0.."`
	Sketch          int     `json:"sketch" range:"0.."`
	Samples         int     `json:"samples" range:"0.."`
	Trace           float64 `json:"trace"`
	TraceStderr     float64 `json:"trace_stderr" range:"0.."`
	Frobenius       float64 `json:"frobenius" range:"0.."`
	FrobeniusStderr float64 `json:"frobenius_stderr" range:"0.."`
	// The part of these errors that is the matrix's own in float32: more HVPs do not lower it.
	TraceFloor     float64 `json:"trace_floor,omitzero" range:"0.."`
	FrobeniusFloor float64 `json:"frobenius_floor,omitzero" range:"0.."`
	Timed
}

func (Trace) Type() string { return "trace" }
