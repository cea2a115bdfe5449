package meta

import (
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// Config is everything that decides what meta-training makes of a data
// set: with the data, the architecture and the kernels, its numbers.
type Config struct {
	surrogate.Config
	TargetConfig
	guidance.Options
	ScheduleConfig
	ObjectiveConfig
}

// ScheduleConfig says when meta-training does what.
type ScheduleConfig struct {
	Mode             string  `json:"mode" enum:"alternate,online" default:"alternate" placeholder:"KIND" help:"Schedule: alternate, an inner stage of several epochs and one outer update a round (section 4.1); online, Algorithm 1, one inner step and one outer update a round: alternate, online (${default})." why:"section 4.1 says how the results were made; its Table 1 contradicts Algorithm 1"`
	Rounds           int     `json:"rounds" default:"0" placeholder:"N" help:"Rounds; 0 is 100, with --mode online 2000." why:"Table 1; Algorithm 1 names no number"`
	InnerEpochs      int     `json:"inner_epochs" default:"8" placeholder:"N" help:"Epochs of an inner stage (${default})." why:"Table 1"`
	InnerLR          float64 `json:"inner_lr" name:"inner-lr" default:"0.01" placeholder:"X" help:"Learning rate of the inner stage (${default})." why:"Table 1"`
	InnerSchedule    string  `json:"inner_schedule" enum:"constant,cosine" default:"constant" placeholder:"KIND" help:"Learning rate of the inner stages over the rounds: constant, cosine (${default})." why:"Table 1 gives one number; cosine is what the training to be guided has"`
	InnerMomentum    float64 `json:"inner_momentum" default:"0.9" placeholder:"X" help:"Momentum of the inner stage (${default}); 0 is Algorithm 1's plain step." why:"the paper says SGD for the final training too, whose accuracies need momentum"`
	InnerWeightDecay float64 `json:"inner_weight_decay" default:"0" placeholder:"X" help:"Weight decay of the inner stage (${default})." why:"Table 1's losses have none"`
	InnerBatch       int     `json:"inner_batch" default:"128" placeholder:"N" help:"Images of an inner step, at most (${default}); 80 images make one batch." why:"the usual batch of these networks; not in the paper"`
	InnerN           int     `json:"inner_n" name:"inner-n" default:"0" placeholder:"N" help:"Training images of a round, see --sampling; 0 is 80, for CIFAR-100 300." why:"Table 1"`
	OuterN           int     `json:"outer_n" name:"outer-n" default:"0" placeholder:"N" help:"Validation images of a round, see --sampling; 0 is 400, for CIFAR-100 100." why:"Table 1"`
	Sampling         string  `json:"sampling" enum:"images,per-class,batch" default:"images" placeholder:"KIND" help:"What the numbers of images count: images of a round, images of each class, or images of a batch, the epochs being of all training images: images, per-class, batch (${default})." why:"Table 1 gives no unit; images of a round is the one reading that fits both data sets, CIFAR-100 having 45 validation images a class and 300 being no batch for 100 classes"`
	Theta            string  `json:"theta" enum:"persist,reset" default:"persist" placeholder:"KIND" help:"Classifier between rounds: goes on, or starts anew: persist, reset (${default})." why:"line 16 of Algorithm 1"`
	OuterBN          string  `json:"outer_bn" name:"outer-bn" enum:"eval,batch" default:"eval" placeholder:"KIND" help:"Batch normalisation of the validation pass: running statistics, or those of its batches: eval, batch (${default})." why:"validation as it is commonly measured"`
	Augment          bool    `json:"augment" help:"Crop and flip training images." why:"off: the paper names no augmentation for meta-training"`
	Seed             int64   `json:"seed" default:"0" placeholder:"N" help:"Seed of all randomness (${default})." why:"a run is reproducible unless asked otherwise"`
}

// DefaultSchedule is that of section 4.1.
func DefaultSchedule() ScheduleConfig {
	return ScheduleConfig{Mode: "alternate", InnerEpochs: 8, InnerLR: 0.01, InnerSchedule: "constant", InnerMomentum: 0.9, InnerBatch: 128,
		Sampling: "images", Theta: "persist", OuterBN: "eval"}
}

// Default is the literal method where the paper is clear, and the choices
// given in the fields' tags where it is not.
func Default() Config {
	return Config{surrogate.DefaultConfig(), DefaultTarget(), guidance.DefaultOptions(), DefaultSchedule(), DefaultObjective()}
}

// Resolve replaces what stands for a default that depends on the data set or
// on other choices.
func (c *Config) Resolve(dataset string) {
	c.ScheduleConfig.Resolve(dataset)
	c.ObjectiveConfig.Resolve(c.Surrogate)
	if c.Surrogate != "mlp" {
		c.Segments = 0
	}
	if c.Surrogate != "dictionary" {
		c.AverageDecay = 0
	}
}

// Resolve replaces zeros that stand for a data set's or a mode's defaults.
func (c *ScheduleConfig) Resolve(dataset string) {
	inner, outer, rounds := 80, 400, 100
	if dataset == "cifar100" {
		inner, outer = 300, 100
	}
	if c.Mode == "online" {
		rounds = 2000
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&c.InnerN, inner}, {&c.OuterN, outer}, {&c.Rounds, rounds}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// Check returns an error that names the first field that cannot be.
func (c ScheduleConfig) Check() error {
	for _, e := range []error{
		run.OneOf("mode", c.Mode, "alternate", "online"),
		run.OneOf("sampling", c.Sampling, "images", "per-class", "batch"),
		run.OneOf("theta", c.Theta, "persist", "reset"),
		run.OneOf("inner_schedule", c.InnerSchedule, "constant", "cosine"),
		run.OneOf("outer_bn", c.OuterBN, "eval", "batch"),
	} {
		if e != nil {
			return e
		}
	}
	const most = 10_000_000 // rounds, epochs or images: more than any run would see the end of
	for _, d := range []struct {
		name         string
		value, least int
	}{{"rounds", c.Rounds, 0}, {"inner_epochs", c.InnerEpochs, 1}, {"inner_batch", c.InnerBatch, 1}, {"inner_n", c.InnerN, 0}, {"outer_n", c.OuterN, 0}} {
		if err := run.Bound(d.name, d.value, d.least, most); err != nil {
			return err
		}
	}
	for _, e := range []error{
		run.NonNegative("inner_lr", c.InnerLR), run.NonNegative("inner_momentum", c.InnerMomentum), run.NonNegative("inner_weight_decay", c.InnerWeightDecay),
	} {
		if e != nil {
			return e
		}
	}
	if c.Mode == "online" && c.Theta == "reset" {
		return run.Refuse("theta", "reset leaves nothing of one step a round: use mode alternate")
	}
	return nil
}

// Check returns an error that names the first field that cannot be.
func (c Config) Check() error {
	for _, part := range []interface{ Check() error }{c.Config, c.TargetConfig, c.Options, c.ScheduleConfig, c.ObjectiveConfig} {
		if err := part.Check(); err != nil {
			return err
		}
	}
	if c.Refresh == "cyclic" && (c.Objective != "s-meta" || c.MetaGrad != "first") {
		return run.Refuse("guidance_refresh", "a gradient through ∇r needs it computed whole, at one place")
	}
	if c.Surrogate == "dictionary" && c.Objective == "s-meta" {
		return run.Refuse("objective", "a dictionary has no score to fit to s-meta: use hypergradient or gap")
	}
	return nil
}

// Batch is the number of images that a classifier has to take at once: an
// inner step's, or a good part of the validation images.
func (c ScheduleConfig) Batch(classes int) int {
	const validation = 128
	n := min(c.OuterN, validation)
	drawn := c.InnerN
	if c.Sampling == "per-class" {
		drawn *= classes
	}
	switch {
	case c.Mode == "online":
		return max(n, drawn)
	case c.Sampling == "batch":
		return max(n, c.InnerN)
	}
	return max(n, min(c.InnerBatch, drawn))
}
