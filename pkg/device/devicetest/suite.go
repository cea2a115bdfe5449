// Package devicetest tests what a backend computes against oracles in float64
// and finite differences, on the shapes of ResNets and on others. Every backend
// runs the same suite.
package devicetest

import (
	"testing"

	"srn/pkg/device"
)

// Run runs the whole suite.
func Run(t *testing.T, be device.Backend) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, device.Backend)
	}{
		{"Memory", Memory},
		{"Vectors", Vectors},
		{"Conv", Conv},
		{"BatchNorm", BatchNorm},
		{"Combine", Combine},
		{"Subsample", Subsample},
		{"PoolAndLinear", PoolAndLinear},
		{"Multiply", Multiply},
		{"CrossEntropy", CrossEntropy},
		{"Load", Load},
		{"Conv1D", Conv1D},
		{"Conv1DPrecision", Conv1DPrecision},
		{"Tally", Tally},
		{"Blend", Blend},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, be) })
	}
}
