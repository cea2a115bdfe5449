package method

import (
	"testing"
)

// BenchmarkChange is the time that a change of the batch takes for 128 images;
// a step of ResNet-32 takes a quarter of a second on one thread.
func BenchmarkChange(b *testing.B) {
	for _, name := range []string{"label-smoothing", "mixup", "random-erasing", "cutout", "autoaugment"} {
		b.Run(name, func(b *testing.B) {
			bench := newBench(b, name, 32, 4)
			m := bench.method.(*joint)
			for b.Loop() {
				m.batch.open(128)
				m.changes[0].change(&bench.step, m.batch)
				m.batch.close()
				bench.step.Number++
			}
		})
	}
}
