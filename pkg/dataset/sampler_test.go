package dataset

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
)

// epoch collects the picks of all steps.
func epoch(s *Sampler, e int) (all []device.Pick, sizes []int) {
	for step := range s.Steps() {
		p := s.Batch(e, step, nil)
		all = append(all, p...)
		sizes = append(sizes, len(p))
	}
	return all, sizes
}

func byIndex(picks []device.Pick) []device.Pick {
	return slices.SortedFunc(slices.Values(picks), func(a, b device.Pick) int { return int(a.Index - b.Index) })
}

func TestSampler(t *testing.T) {
	indices := make([]int32, 100)
	for i := range indices {
		indices[i] = int32(2 * i)
	}
	s := NewSampler(indices, 32, 5, CIFARAugment)
	first, sizes := epoch(s, 0)
	if s.Len() != 100 || !slices.Equal(sizes, []int{32, 32, 32, 4}) {
		t.Fatalf("batches are of %v", sizes)
	}
	second, _ := epoch(s, 1)
	for e, picks := range [][]device.Pick{first, second} {
		for i, p := range byIndex(picks) {
			if p.Index != indices[i] {
				t.Fatalf("epoch %d does not have every example once", e)
			}
			if p.DY < -4 || p.DY > 4 || p.DX < -4 || p.DX > 4 {
				t.Errorf("example %d is shifted by %d, %d", p.Index, p.DY, p.DX)
			}
		}
	}
	if slices.Equal(first, second) || slices.Equal(byIndex(first), byIndex(second)) {
		t.Error("order or augmentation does not depend on the epoch")
	}

	// Any step of any epoch, from a fresh sampler, is the same.
	fresh := NewSampler(indices, 32, 5, CIFARAugment)
	if got := fresh.Batch(1, 2, nil); !slices.Equal(got, second[64:96]) {
		t.Error("a step depends on those before it")
	}
	if got := fresh.Batch(0, 3, nil); !slices.Equal(got, first[96:]) {
		t.Error("an epoch depends on those before it")
	}
	// Neither the batch size nor the other examples change an example.
	reversed := slices.Clone(indices)
	slices.Reverse(reversed)
	other, _ := epoch(NewSampler(reversed[:50], 7, 5, CIFARAugment), 0)
	if !slices.Equal(byIndex(other), byIndex(first)[50:]) {
		t.Error("augmentation depends on more than seed, epoch and example")
	}
	if seeded, _ := epoch(NewSampler(indices, 32, 6, CIFARAugment), 0); slices.Equal(byIndex(seeded), byIndex(first)) {
		t.Error("augmentation does not depend on the seed")
	}
	for _, p := range first {
		plain := slices.ContainsFunc(NewSampler(indices, 100, 5, Augment{}).Batch(0, 0, nil),
			func(q device.Pick) bool { return q == device.Pick{Index: p.Index} })
		if !plain {
			t.Fatalf("without augmentation, example %d is changed or missing", p.Index)
		}
	}
}

func TestAugmentationIsUniform(t *testing.T) {
	const n = 20_000
	s := NewSampler((&Split{Labels: make([]int32, n)}).Indices(), n, 1, CIFARAugment)
	var shifts [81]float64
	flips := 0
	for _, p := range s.Batch(3, 0, nil) {
		shifts[int(p.DY+4)*9+int(p.DX+4)]++
		if p.Flip {
			flips++
		}
	}
	chi2 := 0.0
	for _, c := range shifts {
		chi2 += (c - n/81.) * (c - n/81.) / (n / 81.)
	}
	if math.Abs(chi2-80) > 6*math.Sqrt(160) || math.Abs(float64(flips)-n/2) > 5*math.Sqrt(n)/2 {
		t.Errorf("chi-squared of shifts %.1f, %d of %d mirrored", chi2, flips, n)
	}
}

func TestSamplerDoesNotAllocate(t *testing.T) {
	s := NewSampler((&Split{Labels: make([]int32, 1000)}).Indices(), 128, 1, CIFARAugment)
	picks := make([]device.Pick, 0, 128)
	step := 0
	if n := testing.AllocsPerRun(50, func() {
		picks = s.Batch(step/s.Steps(), step%s.Steps(), picks)
		step++
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

func TestSequential(t *testing.T) {
	indices := []int32{3, 5, 8}
	picks := make([]device.Pick, 0, 2)
	for _, c := range []struct {
		start, n int
		want     []int32
	}{{0, 2, []int32{3, 5}}, {2, 2, []int32{8}}, {3, 2, nil}, {9, 2, nil}, {0, 9, indices}} {
		var got []int32
		for _, p := range Sequential(indices, c.start, c.n, picks) {
			if p != (device.Pick{Index: p.Index}) {
				t.Errorf("pick %+v is augmented", p)
			}
			got = append(got, p.Index)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("from %d, %d: %v, want %v", c.start, c.n, got, c.want)
		}
	}
}

func TestExamples(t *testing.T) {
	indices := (&Split{Labels: make([]int32, 50)}).Indices()
	for text, want := range map[string]Examples{"all": {}, "7": {7, false}, "first:50": {50, true}} {
		var e Examples
		if err := e.UnmarshalText([]byte(text)); err != nil || e != want || e.String() != text {
			t.Errorf("%q reads as %+v, %v", text, e, err)
		}
		got, err := e.Of(indices, 1)
		n := e.N
		if n == 0 {
			n = 50
		}
		if err != nil || len(got) != n || len(slices.Compact(slices.Clone(got))) != n || !slices.IsSorted(got) {
			t.Errorf("%q chooses %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "first:", "first:x", "last:3", "3.5"} {
		if new(Examples).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if _, err := (Examples{51, true}).Of(indices, 0); err == nil {
		t.Error("more examples than there are")
	}
	if slices.Equal(Subset(indices, 10, 1), Subset(indices, 10, 2)) {
		t.Error("a subset does not depend on the seed")
	}
	larger := Subset(indices, 20, 1)
	for _, i := range Subset(indices, 10, 1) {
		if !slices.Contains(larger, i) {
			t.Errorf("example %d is not in the larger subset", i)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	s := NewSampler((&Split{Labels: make([]int32, 50_000)}).Indices(), 128, 1, CIFARAugment)
	picks := make([]device.Pick, 0, 128)
	step := 0
	for b.Loop() {
		picks = s.Batch(0, step%s.Steps(), picks)
		step++
	}
}
