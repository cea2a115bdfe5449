package resnet

import "srn/pkg/run"

// CheckMemory refuses, by the setting that decides it, a network of so many
// images at once that there is no memory for.
func CheckMemory(setting, arch string, images int, tangents bool) error {
	return run.CheckMemory(setting, float64(images)*ImageMemory(arch, tangents), "take fewer images at a time")
}

// ImageMemory is about what an image takes in a network with gradients, in
// bytes; with tangents it is twice that: measured 1.7 MB for resnet8, and
// 0.2 MB for each layer beyond.
func ImageMemory(arch string, tangents bool) float64 {
	blocks, err := Blocks(arch)
	if err != nil {
		return 0
	}
	bytes := 500_000 + 1_200_000*float64(blocks)
	if !tangents {
		bytes /= 2
	}
	return bytes
}
