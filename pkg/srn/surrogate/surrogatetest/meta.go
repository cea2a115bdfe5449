package surrogatetest

import "srn/pkg/record"

// Meta is a configuration of meta-training that a surrogate's file can carry.
func Meta() record.Meta {
	return record.Meta{Network: record.Network{Arch: "resnet8", Classes: 10}, Dataset: "synthetic", Precision: "f32", Kernel: 9, Surrogate: "conv", Objective: "s-meta"}
}
