package checkpoint

import "strings"

// published are checkpoints that their authors give to all, by how their
// SHA-256 begins, which is part of the files' names, with the normalisation of
// the scripts that trained them. Files do not tell it.
var published = []struct {
	sha256, name string
	mean, std    [3]float32
}{
	{"12fca82f", "akamaster's resnet20", akamasterMean, akamasterStd},
	{"d509ac18", "akamaster's resnet32", akamasterMean, akamasterStd},
	{"014dd654", "akamaster's resnet44", akamasterMean, akamasterStd},
	{"4bfd9763", "akamaster's resnet56", akamasterMean, akamasterStd},
	{"1d1ed7c2", "akamaster's resnet110", akamasterMean, akamasterStd},
	{"f3b1deed", "akamaster's resnet1202", akamasterMean, akamasterStd},
}

// Of trainer.py in akamaster/pytorch_resnet_cifar10.
var (
	akamasterMean = [3]float32{0.485, 0.456, 0.406}
	akamasterStd  = [3]float32{0.229, 0.224, 0.225}
)

// recognise gives a foreign checkpoint that is published its normalisation,
// unless the user does.
func (c *Checkpoint) recognise(o *Overrides) {
	for _, p := range published {
		if !strings.HasPrefix(c.SHA256, p.sha256) {
			continue
		}
		if o.Mean == nil {
			o.Mean = &p.mean
		}
		if o.Std == nil {
			o.Std = &p.std
		}
		c.notef("is %s, by its hash; its images were normalised by mean %s and std %s", p.name, FormatTriple(p.mean), FormatTriple(p.std))
	}
}
