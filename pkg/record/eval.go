package record

// Eval is a checkpoint's score on images.
type Eval struct {
	Subject
	// Share of the images classified correctly.
	Top1 float64 `json:"top1" unit:"fraction" range:"0..1"`
	// Share whose class is among the five most probable.
	Top5 float64 `json:"top5" unit:"fraction" range:"0..1"`
	// Mean cross-entropy.
	Loss float64 `json:"loss" unit:"nats"`
	// Expected calibration error, over bins of equal width of the largest probability.
	ECE     float64 `json:"ece" unit:"fraction" range:"0..1"`
	ECEBins int     `json:"ece_bins" range:"0.."`
	// Of the images of each class, the share classified correctly; null where there are none.
	PerClassTop1 []float64 `json:"per_class_top1" unit:"fraction" range:"0..1"`
	// Images by true class (row) and predicted class.
	Confusion [][]int64 `json:"confusion,omitzero" unit:"images" range:"0.."`
	// Time of the evaluation.
	EvalSeconds float64 `json:"eval_seconds" unit:"seconds" range:"0.."`
	// Images evaluated in a second of it.
	ImagesPerSecond float64 `json:"images_per_second" unit:"images/second" range:"0.."`
}

func (Eval) Type() string { return "eval" }

// Corrupted is a checkpoint's score on test images that a corruption of some
// severity has changed, as in CIFAR-10-C.
type Corrupted struct {
	Eval
	// Which corruption, and how severe from 1.
	Corruption string `json:"corruption"`
	Severity   int    `json:"severity" range:"1..5"`
}

func (Corrupted) Type() string { return "corrupted" }
