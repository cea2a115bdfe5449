package surrogatetest

import "srn/pkg/record"

// Meta is a configuration of meta-training that a surrogate's file can carry.
func Meta() record.Meta {
	return record.Meta{MetaRun: record.MetaRun{Network: record.Network{Arch: "resnet8", Classes: 10}, Dataset: "synthetic", Precision: "f32", Surrogate: "conv", Objective: "s-meta"}, Kernel: 9}
}
