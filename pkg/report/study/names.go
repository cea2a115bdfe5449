package study

import (
	"cmp"
	"strings"

	"srn/pkg/record"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// DatasetName is how a data set is written.
func DatasetName(s string) string {
	switch s {
	case "cifar10":
		return "CIFAR-10"
	case "cifar100":
		return "CIFAR-100"
	case "synthetic":
		return "synthetic images"
	case "":
		return "unknown data"
	}
	return s
}

// ArchName is how a network is written.
func ArchName(s string) string {
	if depth, ok := strings.CutPrefix(s, "resnet"); ok {
		return "ResNet-" + depth
	}
	return cmp.Or(s, "unknown network")
}

// DataName is how the images of a training are written: "CIFAR-10" where they
// are all of the official files, or their number is not known, and else with
// how many there are or that they are others.
func DataName(d record.Data) string {
	s := DatasetName(d.Dataset)
	cifar := d.Dataset == "cifar10" || d.Dataset == "cifar100"
	switch {
	case d.TrainImages != 0 && (!cifar || d.TrainImages != paper.TrainImages):
		s += ", " + number.Count(d.TrainImages, "image")
	case d.TrainSplit == "meta_train":
		s += ", meta-train images"
	case cifar && d.DataOfficial != nil && !*d.DataOfficial:
		s += ", other images than the official ones"
	}
	if d.LabelNoise > 0 {
		s += ", " + number.Plain(100*d.LabelNoise) + "% wrong labels"
	}
	if cifar && d.TestImages != 0 && d.TestImages != paper.TestImages {
		s += ", " + number.Count(d.TestImages, "test image")
	}
	return s
}

// Name names a cohort among the others: "ResNet-8 on CIFAR-10, 2,000 images".
func (c *Cohort) Name() string { return c.name }

// Plain is the name without what tells it from others of the same images.
func (c *Cohort) Plain() string {
	s := ArchName(c.Arch) + " on " + DataName(c.Data)
	if !c.Known {
		s = ArchName(c.Arch) + " of other software, on " + DatasetName(c.Dataset)
	}
	return s
}

func nameCohorts(list []*Cohort) {
	count := map[string]int{}
	for _, c := range list {
		count[c.Plain()]++
	}
	for _, c := range list {
		c.name = c.Plain()
		if count[c.name] > 1 {
			c.name += ", data " + cmp.Or(Short(c.DataSHA256), "unknown")
		}
	}
}

// Short is the head of a hash.
func Short(sum string) string { return sum[:min(len(sum), 12)] }

// Capital begins a sentence.
func Capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[0])) + string(r[1:])
}
