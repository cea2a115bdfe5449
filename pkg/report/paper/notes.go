package paper

// What the paper says its runs were made with, where it says so (Table 1 and
// sections 4.1 and A.3).
const (
	Epochs   = 200
	Seeds    = 5
	Batch    = 128
	LR       = 0.06
	Schedule = "cosine"
	Augment  = "crop-flip"
	Lambda   = 1
	RMax     = 10
	Rounds   = 100

	ExternalLR = 0.1 // of Table 5’s external block
)

// Claims of sections 4.2.1, 4.2.3 and A.3.1.
const (
	CurvatureMeanChange     = -30 // percent, λ_max over the last 50 epochs, SRN against CE
	CurvatureVarianceChange = -35
	SpikesCE, SpikesSRN     = 7, 2
	LastEpochs              = 50
	EvaluationSeconds       = 0.3 // of the surrogate's forward pass
)

// Notes says, for each table, what of it does not agree with the rest of the
// paper or is left open, so far as it matters to who compares numbers.
var Notes = map[int][]string{
	1: {
		"The paper gives no unit for its sampling sizes, no momentum and no form of z(), and its Algorithm 1 (one inner step a round) contradicts Table 1 (8 inner epochs).",
	},
	2: {
		"The paper has no accuracy of plain cross-entropy, and does not say whether rows other than Weight Decay used weight decay.",
		"The text’s +0.58 for ResNet-20 on CIFAR-10 (section 4.2.1) subtracts Weight Decay’s 92.40 of ResNet-32 from SRN’s 92.98 of ResNet-20. Its +0.84 for ResNet-32 agrees with the table. Best-of here is within one network. Its +0.50 for ResNet-32 on CIFAR-100 is over Energy-OOD’s 70.74; Confidence has 70.94 there, which leaves +0.30.",
		"SRN’s accuracy on CIFAR-10 differs between tables: ResNet-20 has 92.98 (Table 2), 93.06 (5, 7) and 92.97 to 93.06 (4); ResNet-32 has 93.79 (2), 93.94 (7) and 93.74 to 93.94 (4). Table 2’s value for ResNet-20 is that of γ_mar = 0.5 in Table 4, Tables 5 and 7 have those of γ_mar = 1.",
		"Only SRN’s rows have a deviation, though five seeds are claimed for all.",
		"“Energy-OOD” cites a method with auxiliary outliers but names no outlier set; “Implicit” cites a method of another name (GradAlign). See docs/methods.md for what our rows compute.",
	},
	3: {
		"Seconds are of an RTX 3060 in the paper and of whatever ran here: only the ratios to CE-only compare.",
		"The paper’s label smoothing, which changes the targets and nothing else, costs 26% over CE-only there, and random erasing 52%, which is more than these methods compute.",
	},
	4: {
		"The columns are not of one setting: for ResNet-8 the value at r_max = 10 is that of γ_mar = 0 (88.81), for ResNet-20 that of γ_mar = 1 (93.06), and Conv is that of γ_mar = 0 in all rows.",
		"Section 4.3.2 prints “0.06% on ResNet-32 and 0.27% on ResNet-32”: by the table, 0.06 is ResNet-20’s gain.",
	},
	5: {
		"The paper quotes the external block from other publications, with AutoAugment, Cutout, label smoothing, a learning rate of 0.1 and tuned settings: not to be compared with the unified block.",
	},
	6: {"Only one value each: the paper prints no deviation in this table."},
	7: {
		"Section A.3.3 calls 62.7 the best rival of ResNet-8 on CIFAR-100; the same table has L2T-DLN at 63.5. SRN is below L2T-DLN for ResNet-8 on CIFAR-10 and ResNet-32 on CIFAR-100, where it is below SLF too. Its +0.34 for ResNet-32 on CIFAR-10 is over SLF’s 93.6; L2T-DLN has 93.8, which leaves +0.14.",
		"Rows of one decimal among rows of two look taken over from other publications, so that one protocol for the whole table is doubtful.",
		"smooth01, barron, slf, l2t-dln, ala and l2t-dlf are known to differ from their sources; srn-fit’s description of each method says in what.",
	},
}

// FigureNotes is the same for figures.
var FigureNotes = map[int][]string{
	1: {"The paper does not say whether its directions are normalised, nor over which range or images its loss is drawn."},
	3: {"The paper does not say on which data, batch, mode of batch normalisation or how many iterations λ_max was measured, nor what a spike is; its values cannot be compared with ours in size, changes can."},
	5: {"The paper’s 0.3 s is a forward pass alone, on an RTX 3060."},
	6: {"Figure 6 shows the times of Table 3 (ResNet-32 on CIFAR-10, RTX 3060)."},
}
