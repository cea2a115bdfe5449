package cpu

import (
	"fmt"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device/devicetest"
)

// The suite of all backends, with every set of kernels and several threads.
func TestSuite(t *testing.T) {
	for _, set := range kernels.Sets() {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", set.Name, threads), func(t *testing.T) {
				b := New(threads, set)
				defer b.Close()
				devicetest.Run(t, b)
			})
		}
	}
}

// Convolutions without Winograd's transforms.
func TestDirectConvolutions(t *testing.T) {
	for _, s := range kernels.Sets() {
		set, err := kernels.Named(s.Name + kernels.Direct)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(set.Name, func(t *testing.T) {
			b := New(2, set)
			defer b.Close()
			devicetest.Conv(t, b)
		})
	}
}
