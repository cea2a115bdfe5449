package method

// Plain training minimises −(1/n)·Σ_i log softmax(z_i)[y_i]; it has no part
// at all. Weight decay, which every method may be combined with, is a flag of
// its own.
var crossEntropyInfo = Info{
	Name:     "ce",
	Formula:  "mean cross-entropy",
	PaperRow: "CE-only",
	Passes:   "1",
}
