package rng

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var _ rand.Source = (*Rand)(nil)

// TestPhilox compares with the known answers published with Random123.
func TestPhilox(t *testing.T) {
	const ff = math.MaxUint64
	for _, c := range []struct {
		key           [2]uint64
		counter, want [4]uint64
	}{
		{
			want: [4]uint64{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b},
		},
		{
			key: [2]uint64{ff, ff}, counter: [4]uint64{ff, ff, ff, ff},
			want: [4]uint64{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0},
		},
		{
			key:     [2]uint64{0x452821e638d01377, 0xbe5466cf34e90c6c},
			counter: [4]uint64{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
			want:    [4]uint64{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6},
		},
	} {
		if got := philox(c.key, c.counter); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.key, c.counter, got, c.want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	streams := [][]uint64{
		{0}, {1}, {0, 0}, {1, 0}, {0, 1}, {0, 0, 0}, {0, 0, 1}, {0, 0, 0, 0}, {0, 0, 0, 1},
		{0, 0, 0, 0, 0, 0, 0}, {0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 1},
		{0, Stream("augment")}, {0, Stream("init")},
	}
	seen := map[uint64][]uint64{}
	for _, s := range streams {
		r := New(s[0], s[1:]...)
		for range 1000 {
			v := r.Uint64()
			if other, ok := seen[v]; ok {
				t.Fatalf("streams %d and %d share the number %x", other, s, v)
			}
			seen[v] = s
		}
	}
}

func TestDeterminism(t *testing.T) {
	a, b := New(7, 1, 2), New(0)
	want := make([]float64, 100)
	for i := range want {
		want[i] = a.NormFloat64()
	}
	b.NormFloat64()
	b.Reset(7, 1, 2)
	for i, w := range want {
		if got := b.NormFloat64(); got != w {
			t.Fatalf("number %d after Reset is %v, want %v", i, got, w)
		}
	}
	// NumPy's Philox(key=[1, 2], counter=[0, Stream, 2, 0]) gives the same.
	// They must never change: artifacts and results depend on them.
	r := New(1, Stream("golden"), 2)
	got := []uint64{r.Uint64(), uint64(r.Uint32()), uint64(r.IntN(1000)), r.Uint64(), r.Uint64()}
	if want := []uint64{0xe5ac61039be24dfd, 0xaa8da0df, 463, 0x69104a8ea4932e1c, 0x10ab85dbdf5abbdd}; !slices.Equal(got, want) {
		t.Errorf("numbers are %#x, want %#x", got, want)
	}
}

func TestUniform(t *testing.T) {
	// Chi-squared with k-1 degrees of freedom has mean k-1 and variance
	// 2(k-1); six standard deviations keep the test quiet for a fixed seed.
	for _, k := range []int{2, 3, 9, 10, 1000} {
		const n = 200_000
		r := New(3, uint64(k))
		ints, floats := make([]float64, k), make([]float64, k)
		for range n {
			ints[r.IntN(k)]++
			floats[int(r.Float64()*float64(k))]++
		}
		for name, counts := range map[string][]float64{"IntN": ints, "Float64": floats} {
			chi2 := 0.0
			for _, c := range counts {
				d := c - n/float64(k)
				chi2 += d * d / (n / float64(k))
			}
			if df := float64(k - 1); math.Abs(chi2-df) > 6*math.Sqrt(2*df) {
				t.Errorf("%s over %d cells: chi-squared %.1f", name, k, chi2)
			}
		}
	}
	large := math.MaxInt/3*2 + 1 // rejects a quarter of the draws
	r, low := New(4), 0
	for range 10_000 {
		if r.IntN(large) < large/2 {
			low++
		}
	}
	if math.Abs(float64(low)-5000) > 300 {
		t.Errorf("IntN of a large number: %d of 10000 in the lower half", low)
	}
}

func TestBitsBalanced(t *testing.T) {
	const n = 100_000
	var ones [64]int
	for i := range uint64(n) {
		v := New(0, i).Uint64() // neighbouring streams, first number of each
		for b := range ones {
			ones[b] += int(v >> b & 1)
		}
	}
	for b, c := range ones {
		if math.Abs(float64(c)-n/2) > 5*math.Sqrt(n)/2 {
			t.Errorf("bit %d is set in %d of %d streams", b, c, n)
		}
	}
}

func TestNormal(t *testing.T) {
	const n = 400_000
	r := New(5)
	var sum [5]float64
	prev, cov := 0.0, 0.0
	tail := 0
	for range n {
		v := r.NormFloat64()
		p := 1.0
		for k := range sum {
			sum[k] += p
			p *= v
		}
		cov += v * prev
		prev = v
		if math.Abs(v) > 1.959963985 {
			tail++
		}
	}
	for _, c := range []struct {
		name            string
		got, want, sdev float64
	}{
		{"mean", sum[1] / n, 0, 1},
		{"variance", sum[2] / n, 1, math.Sqrt(2)},
		{"third moment", sum[3] / n, 0, math.Sqrt(15)},
		{"fourth moment", sum[4] / n, 3, math.Sqrt(96)},
		{"covariance of neighbours", cov / n, 0, 1},
		{"mass beyond 1.96", float64(tail) / n, .05, math.Sqrt(.05 * .95)},
	} {
		if math.Abs(c.got-c.want) > 4.5*c.sdev/math.Sqrt(n) {
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestPerm(t *testing.T) {
	counts := map[[4]int]int{}
	r := New(6)
	const n = 24_000
	for range n {
		counts[[4]int(r.Perm(4))]++
	}
	if len(counts) != 24 {
		t.Fatalf("%d of 24 orders occur", len(counts))
	}
	for p, c := range counts {
		if math.Abs(float64(c)-n/24) > 160 {
			t.Errorf("order %v occurs %d times, want about %d", p, c, n/24)
		}
	}
	if len(r.Perm(0)) != 0 {
		t.Error("an order of nothing is not empty")
	}
}

func TestResetDoesNotAllocate(t *testing.T) {
	var r Rand
	stream := Stream("allocation")
	if n := testing.AllocsPerRun(100, func() { r.Reset(1, stream, 2, 3); r.IntN(9) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUint64(b *testing.B) {
	r := New(0)
	for b.Loop() {
		r.Uint64()
	}
}

func BenchmarkNormFloat64(b *testing.B) {
	r := New(0)
	for b.Loop() {
		r.NormFloat64()
	}
}

func BenchmarkReset(b *testing.B) {
	var r Rand
	for b.Loop() {
		r.Reset(1, 2, 3)
		r.Uint64()
	}
}
