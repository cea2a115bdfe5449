package method

// Weight decay is cross-entropy under the flag --weight-decay, which goes
// with every method; the row of that name only has another default.
var weightDecayInfo = Info{
	Name:        "weight-decay",
	Read:        Secondary,
	Formula:     "mean cross-entropy; gradient + wd·θ before the momentum",
	Reference:   "Krogh & Hertz 1991; coupled L2 as in He et al. 2016",
	PaperRow:    "Weight Decay",
	Passes:      "1",
	WeightDecay: 5e-4,
	Notes: []string{
		"The paper gives no coefficient; the literature on these networks has 1e-4, 2e-4 and 5e-4. The default is 5e-4, changed by --weight-decay.",
		"All parameters decay, batch normalisation's and biases too.",
	},
}
