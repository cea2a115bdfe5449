package surrogate

import "srn/pkg/run"

// Config says what function of the classifier's parameters the surrogate is.
// The tags of a field give the flag's help, default and values, and the
// reason for the default.
type Config struct {
	Surrogate    string  `json:"surrogate" enum:"conv,mlp,dictionary" default:"conv" placeholder:"KIND" help:"Form of the surrogate: conv, a stack of 1-D convolutions; mlp, a perceptron of as many parameters (Table 4); dictionary, learned coefficients of what is to be seen of each tensor's training: conv, mlp, dictionary (${default})." why:"the paper's; its convolutions share weights along the sequence, so that one surrogate fits a network of any size"`
	Channels     []int   `json:"channels" default:"128,64,32" placeholder:"N" help:"Output channels of the surrogate's convolutions, multiples of 16 (${default})." why:"Table 1"`
	Kernel       int     `json:"kernel" default:"9" placeholder:"N" help:"Taps of the surrogate's convolutions, odd (${default})." why:"Table 1; stride 1 and zero padding, which keep the length, are ours"`
	Segments     int     `json:"segments,omitempty" default:"512" placeholder:"N" help:"Segments whose means the mlp reads (${default})." why:"ours: the parameters cannot be read one by one by a perceptron of the matched size; half of the 93,569 numbers make 172 units of it"`
	Head         string  `json:"head" enum:"softplus,mean,linear" default:"softplus" placeholder:"KIND" help:"From mean-pooled features to r: softplus(linear), softplus(mean) or linear alone: softplus, mean, linear (${default})." why:"Table 1 names GAP and Softplus alone, but 32 features do not make a scalar: a linear layer is the least that does; linear can follow a target that is negative, as z-scores are half of the time"`
	Clamp        string  `json:"clamp" enum:"hard,soft,none" default:"hard" placeholder:"KIND" help:"How r is kept below r_max: min(r, r_max), r_max·tanh(r/r_max) or not at all: hard, soft, none (${default})." why:"section 4.3.1 speaks of a ceiling and of saturation; above a hard ceiling the guidance is zero, which fraction_clipped shows"`
	RMax         float64 `json:"r_max" name:"r-max" default:"10" placeholder:"X" help:"Ceiling of r (${default})." why:"Table 1"`
	Input        string  `json:"input" enum:"all,conv,scaled" default:"all" placeholder:"KIND" help:"What the surrogate reads: all trainable parameters in PyTorch's order, weights of convolutions only, or all with each tensor divided by its root mean square: all, conv, scaled (${default})." why:"the paper says weights of the backbone and no more; PyTorch's order is what flattening model.parameters() gives"`
	AverageDecay float64 `json:"average_decay,omitempty" default:"0.99" placeholder:"X" help:"Decay of the moving average of Θ that a dictionary reads (${default})." why:"ours: looks back 100 steps"`
}

// DefaultConfig is the paper's surrogate as far as the paper says what it is.
func DefaultConfig() Config {
	return Config{Surrogate: "conv", Channels: []int{128, 64, 32}, Kernel: 9,
		Segments: 512, Head: "softplus", Clamp: "hard", RMax: 10, Input: "all", AverageDecay: 0.99}
}

// largest number of channels, layers and taps that a surrogate may have: far
// more than is useful, and little enough to be safe to read from a file.
const (
	mostChannels = 4096
	mostLayers   = 16
	mostTaps     = 255
	mostSegments = 1 << 20
)

// Check returns an error that names the first field that cannot be.
func (c Config) Check() error {
	if err := run.OneOf("surrogate", c.Surrogate, "conv", "mlp", "dictionary"); err != nil {
		return err
	}
	if err := run.OneOf("head", c.Head, "softplus", "mean", "linear"); err != nil {
		return err
	}
	if err := run.OneOf("clamp", c.Clamp, "hard", "soft", "none"); err != nil {
		return err
	}
	if err := run.OneOf("input", c.Input, "all", "conv", "scaled"); err != nil {
		return err
	}
	switch {
	case len(c.Channels) == 0 || len(c.Channels) > mostLayers:
		return run.Refuse("channels", "%d layers, want 1 to %d", len(c.Channels), mostLayers)
	case c.Kernel < 1 || c.Kernel > mostTaps || c.Kernel%2 == 0:
		return run.Refuse("kernel", "%d taps, want an odd number up to %d", c.Kernel, mostTaps)
	case c.Surrogate == "mlp" && (c.Segments < 1 || c.Segments > mostSegments):
		return run.Refuse("segments", "%d, want 1 to %d", c.Segments, mostSegments)
	case c.Surrogate == "dictionary" && !(c.AverageDecay >= 0 && c.AverageDecay < 1):
		return run.Refuse("average_decay", "%g is not from 0 to below 1", c.AverageDecay)
	case !(c.RMax > 0):
		return run.Refuse("r_max", "%g is not above 0", c.RMax)
	}
	for _, n := range c.Channels {
		if n < 16 || n > mostChannels || n%16 != 0 {
			return run.Refuse("channels", "%d is no multiple of 16 up to %d", n, mostChannels)
		}
	}
	return nil
}
