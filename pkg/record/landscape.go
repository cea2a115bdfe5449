package record

// Landscape says what the coordinates of a plot of the loss mean. Its cells
// follow it.
type Landscape struct {
	Subject
	LossAt
	// random, eigen, vectors or to.
	Along string `json:"along"`
	// The other end of the line, with along to.
	To string `json:"to,omitzero"`
	// How random directions are scaled, whether biases and BN are too, and by which checkpoint.
	Normalise string `json:"normalise,omitzero"`
	BNBias    *bool  `json:"bn_bias,omitzero"`
	ScaleBy   string `json:"scale_by,omitzero"`
	// Seed of the random directions.
	DirectionSeed int64 `json:"direction_seed"`
	// Directions, and points evaluated.
	Dimensions int `json:"dimensions" range:"1..2"`
	Cells      int `json:"cells" range:"0.."`
	// First and last coordinate along each direction, and points.
	XMin   float64  `json:"x_min"`
	XMax   float64  `json:"x_max"`
	XSteps int      `json:"x_steps" range:"2..501"`
	YMin   *float64 `json:"y_min,omitzero"`
	YMax   *float64 `json:"y_max,omitzero"`
	YSteps *int     `json:"y_steps,omitzero" range:"2..501"`
	// Whether running statistics are fixed or interpolated.
	RunningStatistics string `json:"running_statistics"`
	// Norms of the directions, the hash of their values, and the cosine between them.
	DirectionNorms   []float64 `json:"direction_norms" range:"0.."`
	DirectionsSHA256 string    `json:"directions_sha256"`
	Cosine           *float64  `json:"cosine,omitzero"`
	ThetaNorm        float64   `json:"theta_norm" range:"0.."`
	// With along eigen: eigenvalues of the directions and how well they are known.
	Eigenvalues []float64 `json:"eigenvalues,omitzero"`
	Residuals   []float64 `json:"residuals,omitzero" range:"0.."`
	Steps       int       `json:"steps,omitzero" unit:"steps" range:"0.."`
	HVPs        int       `json:"hvps,omitzero" unit:"HVPs" range:"0.."`
	Converged   *bool     `json:"converged,omitzero"`
	// Accuracy at the checkpoint.
	Top1 float64 `json:"top1" unit:"fraction" range:"0..1"`
}

func (Landscape) Type() string { return "landscape" }

// Cell is a point of the landscape before it.
type Cell struct {
	Subject
	// Number of the point along the first direction and the second, from 0, and its coordinates.
	I int      `json:"i" range:"0.."`
	J *int     `json:"j,omitzero" range:"0.."`
	X float64  `json:"x"`
	Y *float64 `json:"y,omitzero"`
	// Mean cross-entropy; null: not finite.
	Loss float64 `json:"loss"`
	Top1 float64 `json:"top1" unit:"fraction" range:"0..1"`
}

func (Cell) Type() string { return "cell" }
