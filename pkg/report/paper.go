package report

import (
	"slices"
	"strings"
	"unicode"
)

// Quoted is a test accuracy that the paper prints.
type Quoted struct {
	Table int     `json:"table"`
	Row   string  `json:"row"`  // as the paper names it
	Top1  float64 `json:"top1"` // percent
	SD    float64 `json:"sd"`   // percent; 0 where the paper prints none
}

// paperRow is one row: accuracies in percent by data set and network, 0 where
// the paper has none.
type paperRow struct {
	table      int
	name       string
	methods    string // our names of it, letters and digits alone, space-separated
	r8, r20    [2]float64
	r32        [2]float64
	sd8, sd20  [2]float64
	sd32       [2]float64
	anyDecayed bool // the row is cross-entropy with weight decay
}

// paperRows are Tables 2 and 7, each pair being CIFAR-10 and CIFAR-100. The
// paper prints no accuracy of plain cross-entropy, and does not say whether
// rows other than Weight Decay used weight decay.
var paperRows = []paperRow{
	{table: 2, name: "Dropout", methods: "dropout", r20: [2]float64{91.18, 67.15}, r32: [2]float64{91.68, 68.03}},
	{table: 2, name: "Label Smoothing", methods: "labelsmoothing smoothing", r20: [2]float64{91.33, 67.30}, r32: [2]float64{91.96, 68.41}},
	{table: 2, name: "Mixup", methods: "mixup", r20: [2]float64{90.32, 67.90}, r32: [2]float64{91.60, 68.95}},
	{table: 2, name: "Random Erasing", methods: "randomerasing", r20: [2]float64{91.15, 67.21}, r32: [2]float64{92.22, 68.42}},
	{table: 2, name: "Spectral Norm", methods: "spectralnorm", r20: [2]float64{91.25, 66.45}, r32: [2]float64{92.39, 68.27}},
	{table: 2, name: "Weight Decay", methods: "ce weightdecay", anyDecayed: true, r20: [2]float64{91.19, 68.43}, r32: [2]float64{92.40, 69.98}},
	{table: 2, name: "Confidence", methods: "confidence confidencepenalty", r20: [2]float64{91.49, 68.56}, r32: [2]float64{92.95, 70.94}},
	{table: 2, name: "Energy-OOD", methods: "energyood energy", r20: [2]float64{91.94, 69.32}, r32: [2]float64{92.32, 70.74}},
	{table: 2, name: "LogitNorm", methods: "logitnorm", r20: [2]float64{91.31, 68.10}, r32: [2]float64{92.89, 69.30}},
	{table: 2, name: "R-Drop", methods: "rdrop", r20: [2]float64{91.36, 67.74}, r32: [2]float64{92.56, 70.26}},
	{table: 2, name: "Implicit", methods: "implicit implicitconsistency", r20: [2]float64{91.75, 69.02}, r32: [2]float64{92.49, 70.25}},
	{table: 2, name: "Val-Guided", methods: "valguided validationguided", r20: [2]float64{91.75, 67.91}, r32: [2]float64{92.20, 69.04}},
	{table: 2, name: "SRN", methods: "srn", r20: [2]float64{92.98, 69.92}, r32: [2]float64{93.79, 71.24}, sd20: [2]float64{0.28, 0.16}, sd32: [2]float64{0.30, 0.24}},
	{table: 7, name: "Smooth", methods: "smooth", r8: [2]float64{87.9, 60.5}, r20: [2]float64{91.5, 68.0}, r32: [2]float64{92.6, 69.9}},
	{table: 7, name: "L-M Softmax", methods: "lmsoftmax largemarginsoftmax", r8: [2]float64{88.7, 61.1}, r20: [2]float64{92.0, 68.4}, r32: [2]float64{93.0, 70.4}},
	{table: 7, name: "L2T-DLF", methods: "l2tdlf", r8: [2]float64{89.2, 61.7}, r20: [2]float64{92.4, 69.0}, r32: [2]float64{93.1, 70.8}},
	{table: 7, name: "ARLF", methods: "arlf", r8: [2]float64{89.5, 60.2}, r20: [2]float64{91.5, 67.8}, r32: [2]float64{92.2, 69.9}},
	{table: 7, name: "SLF", methods: "slf", r8: [2]float64{89.8, 62.7}, r20: [2]float64{93.0, 69.9}, r32: [2]float64{93.6, 71.5}},
	{table: 7, name: "L2T-DLN", methods: "l2tdln", r8: [2]float64{90.7, 63.5}, r20: [2]float64{93.0, 69.9}, r32: [2]float64{93.8, 72.0}},
	{table: 7, name: "ALA", methods: "ala", r8: [2]float64{0, 62.2}, r20: [2]float64{0, 69.5}, r32: [2]float64{0, 70.9}},
	{table: 7, name: "Meta-Weight-Net", methods: "metaweightnet mwnet", r32: [2]float64{92.7, 70.4}},
	{table: 7, name: "SRN (Ours)", methods: "srn", r8: [2]float64{89.21, 65.78}, r20: [2]float64{93.06, 69.92}, r32: [2]float64{93.94, 71.24}, sd8: [2]float64{0.24, 0.23}, sd20: [2]float64{0.28, 0.16}, sd32: [2]float64{0.30, 0.24}},
}

// paperEpochs is how long the paper trains.
const paperEpochs = 200

// Quote lists what the paper prints for a data set, network and method; a
// method "ce" has a row only with weight decay.
func Quote(dataset, arch, method string, weightDecay float64) []Quoted {
	column := map[string]int{"cifar10": 0, "cifar100": 1}
	d, ok := column[dataset]
	if !ok {
		return nil
	}
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, method)
	var list []Quoted
	for _, row := range paperRows {
		if !slices.Contains(strings.Fields(row.methods), name) || row.anyDecayed && weightDecay == 0 {
			continue
		}
		q := Quoted{Table: row.table, Row: row.name}
		switch arch {
		case "resnet8":
			q.Top1, q.SD = row.r8[d], row.sd8[d]
		case "resnet20":
			q.Top1, q.SD = row.r20[d], row.sd20[d]
		case "resnet32":
			q.Top1, q.SD = row.r32[d], row.sd32[d]
		}
		if q.Top1 != 0 {
			list = append(list, q)
		}
	}
	return list
}
