package evaluate

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// oracle scores by sorting and by the definitions.
func oracle(classes int, logits [][]float32, labels []int32) Result {
	var r Result
	r.N = len(labels)
	n := float64(r.N)
	r.Confusion = make([][]int64, classes)
	for k := range r.Confusion {
		r.Confusion[k] = make([]int64, classes)
	}
	type seen struct {
		conf float64
		ok   bool
	}
	var all []seen
	for i, z := range logits {
		order := make([]int, classes)
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case z[a] > z[b]:
				return -1
			case z[a] < z[b]:
				return 1
			}
			return 0
		})
		y := int(labels[i])
		ok := order[0] == y
		if ok {
			r.Top1 += 1 / n
		}
		if slices.Contains(order[:min(5, classes)], y) {
			r.Top5 += 1 / n
		}
		var sum float64
		for _, v := range z {
			sum += math.Exp(float64(v))
		}
		r.Loss += (math.Log(sum) - float64(z[y])) / n
		all = append(all, seen{math.Exp(float64(z[order[0]])) / sum, ok})
		r.Confusion[y][order[0]]++
	}
	for m := range Bins {
		var count, acc, conf float64
		for _, s := range all {
			if s.conf > float64(m)/Bins && s.conf <= float64(m+1)/Bins {
				count++
				conf += s.conf
				if s.ok {
					acc++
				}
			}
		}
		if count > 0 {
			r.ECE += count / n * math.Abs(acc/count-conf/count)
		}
	}
	return r
}

func TestScoreAgainstDefinitions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, classes := range []int{2, 4, 10, 100} {
		var logits [][]float32
		var flat []float32
		var labels []int32
		for range 500 {
			row := make([]float32, classes)
			for k := range row {
				row[k] = float32(math.Round(r.NormFloat64()*4) / 2) // with ties
			}
			logits = append(logits, row)
			flat = append(flat, row...)
			labels = append(labels, int32(r.IntN(classes)))
		}
		s := NewScore(classes)
		for lo := 0; lo < len(labels); lo += 37 {
			hi := min(lo+37, len(labels))
			if err := s.Add(flat[lo*classes:hi*classes], labels[lo:hi]); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Result()
		if err != nil {
			t.Fatal(err)
		}
		want := oracle(classes, logits, labels)
		for _, c := range []struct {
			name      string
			got, want float64
		}{{"top1", got.Top1, want.Top1}, {"top5", got.Top5, want.Top5}, {"loss", got.Loss, want.Loss}, {"ece", got.ECE, want.ECE}} {
			if math.Abs(c.got-c.want) > 1e-12 {
				t.Errorf("%d classes: %s = %.15g, want %.15g", classes, c.name, c.got, c.want)
			}
		}
		if !reflect.DeepEqual(got.Confusion, want.Confusion) {
			t.Errorf("%d classes: confusion differs", classes)
		}
	}
}

func TestScoreByHand(t *testing.T) {
	s := NewScore(7)
	rows := []float32{
		0, 0, 0, 0, 0, 0, 0, // all equal: class 0 first, classes 0–4 in the top five
		0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0,
		0, 900, 0, 0, 0, 0, 0, // no overflow
	}
	if err := s.Add(rows, []int32{0, 4, 5, 1}); err != nil {
		t.Fatal(err)
	}
	r, _ := s.Result()
	if r.N != 4 || r.Top1 != 0.5 || r.Top5 != 0.75 {
		t.Errorf("n %d, top1 %g, top5 %g", r.N, r.Top1, r.Top5)
	}
	if want := 3 * math.Log(7) / 4; math.Abs(r.Loss-want) > 1e-15 {
		t.Errorf("loss %g, want %g", r.Loss, want)
	}
	if want := (1 - 3.0/7) / 4; math.Abs(r.ECE-want) > 1e-15 {
		t.Errorf("ece %g, want %g", r.ECE, want)
	}
	if r.PerClassTop1[0] != 1 || r.PerClassTop1[4] != 0 || !math.IsNaN(r.PerClassTop1[2]) {
		t.Errorf("per class %v", r.PerClassTop1)
	}
	if r.Confusion[5][0] != 1 || r.Confusion[1][1] != 1 {
		t.Errorf("confusion %v", r.Confusion)
	}
}

func TestScoreErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, row := range [][]float32{{0, nan}, {inf, 0}, {0, -inf}} {
		if err := NewScore(2).Add(row, []int32{0}); !errors.Is(err, ErrNotFinite) {
			t.Errorf("%v: error %v", row, err)
		}
	}
	if err := NewScore(2).Add([]float32{0, 1}, []int32{2}); err == nil {
		t.Error("label 2 of 2 classes accepted")
	}
	if err := NewScore(2).Add([]float32{0, 1, 2}, []int32{1}); err == nil {
		t.Error("three logits for two classes accepted")
	}
	if _, err := NewScore(2).Result(); err == nil {
		t.Error("a score of nothing accepted")
	}
}
