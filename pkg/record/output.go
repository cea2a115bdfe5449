package record

// Split is what srn-split tells of a dataset file that it has made.
type Split struct {
	Output  string `json:"output"`
	Written bool   `json:"written"`
	// Of the uncompressed bytes, in hexadecimal.
	SHA256  string `json:"sha256"`
	Dataset string `json:"dataset"`
	// The archive or folder, its format and hash, and what it was recognised as.
	Source       string   `json:"source,omitzero"`
	SourceFormat string   `json:"source_format,omitzero"`
	SourceSHA256 string   `json:"source_sha256,omitzero"`
	Verified     string   `json:"verified,omitzero"`
	Notes        []string `json:"notes,omitzero"`
	// Whether the images are all those of the official files, none changed.
	Official    bool    `json:"official"`
	ValFraction float64 `json:"val_fraction" unit:"fraction" range:"0..1"`
	Seed        uint64  `json:"seed"`
	// Share of the training labels, but meta_val's, that were replaced by wrong ones, and how.
	LabelNoise float64    `json:"label_noise,omitzero" unit:"fraction" range:"0..1"`
	NoiseKind  string     `json:"label_noise_kind,omitzero"`
	Mean       [3]float32 `json:"mean"`
	Std        [3]float32 `json:"std"`
	Train      int        `json:"train" unit:"images" range:"0.."`
	MetaTrain  int        `json:"meta_train" unit:"images" range:"0.."`
	MetaVal    int        `json:"meta_val" unit:"images" range:"0.."`
	Test       int        `json:"test" unit:"images" range:"0.."`
	// Training images that occur more than once, those of them with more than one label; test images that occur more than once, and those that are training images too.
	TrainTwins            int `json:"train_twins" unit:"images" range:"0.."`
	TrainTwinsMislabelled int `json:"train_twins_mislabelled" unit:"images" range:"0.."`
	TestTwins             int `json:"test_twins" unit:"images" range:"0.."`
	TestInTrain           int `json:"test_in_train" unit:"images" range:"0.."`

	Classes           []string `json:"classes"`
	TrainPerClass     []int    `json:"train_per_class" unit:"images"`
	MetaTrainPerClass []int    `json:"meta_train_per_class" unit:"images"`
	MetaValPerClass   []int    `json:"meta_val_per_class" unit:"images"`
	TestPerClass      []int    `json:"test_per_class" unit:"images"`
}

func (Split) Type() string { return "split" }

// Output is what a command tells of a file that it has made.
type Output struct {
	Output string `json:"output"`
	// Of the uncompressed bytes, in hexadecimal.
	SHA256 string `json:"sha256,omitzero"`
	// ok, or how else the run ended.
	Status string `json:"status"`
	// Records written, rounds or epochs done.
	Done int `json:"done,omitzero" range:"0.."`
}

func (Output) Type() string { return "result" }
