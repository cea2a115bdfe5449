package curvature

import (
	"math"
	"slices"
	"strings"
	"testing"

	"srn/pkg/nn"
	"srn/pkg/resnet"
)

func layout(t *testing.T) nn.Layout {
	t.Helper()
	l, _, err := resnet.Layouts("resnet8", 10)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSelect(t *testing.T) {
	l := layout(t)
	for _, c := range []struct {
		patterns []string
		tensors  int
		dim      int
	}{
		{nil, len(l), l.Len()},
		{[]string{"*"}, len(l), l.Len()},
		{[]string{"linear.*"}, 2, 650},
		{[]string{"*conv?.weight", "linear.weight"}, 8, 16*3*9 + 2*16*16*9 + 16*32*9 + 32*32*9 + 32*64*9 + 64*64*9 + 640},
		{[]string{"layer1.0.conv1.weight"}, 1, 16 * 16 * 9},
		{[]string{"layer1.*", "layer1.0.bn1.bias"}, 6, 2*16*16*9 + 4*16},
	} {
		b, err := Select(l, c.patterns)
		if err != nil || len(b.Tensors) != c.tensors || b.Dim() != c.dim {
			t.Errorf("%v: %d tensors of %d parameters, %v; want %d of %d", c.patterns, len(b.Tensors), b.Dim(), err, c.tensors, c.dim)
		}
	}
	for _, c := range []struct{ pattern, want string }{{"conv9.*", "matches no parameter; names are such as conv1.weight and linear.bias"}, {"[", "not a pattern"}} {
		if _, err := Select(l, []string{"linear.*", c.pattern}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.pattern, err)
		}
	}
}

func TestSplit(t *testing.T) {
	all, _ := Select(layout(t), nil)
	for per, want := range map[string][]string{
		"layer": {"conv1", "bn1", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "layer1.0.bn2",
			"layer2.0.conv1", "layer2.0.bn1", "layer2.0.conv2", "layer2.0.bn2",
			"layer3.0.conv1", "layer3.0.bn1", "layer3.0.conv2", "layer3.0.bn2", "linear"},
		"block": {"stem", "layer1.0", "layer2.0", "layer3.0", "linear"},
		"stage": {"stem", "layer1", "layer2", "layer3", "linear"},
	} {
		blocks, err := all.Split(per)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		dim := 0
		for _, b := range blocks {
			names = append(names, b.Name)
			dim += b.Dim()
		}
		if !slices.Equal(names, want) || dim != all.Dim() {
			t.Errorf("%s: %v, %d parameters of %d", per, names, dim, all.Dim())
		}
	}
	if _, err := all.Split("tensor"); err == nil {
		t.Error("tensor accepted")
	}
}

// TestRestrict compares with the dense matrix's own part.
func TestRestrict(t *testing.T) {
	m := rotated(spectrum(30, func(i int) float64 { return float64(i) - 7.5 }), 2)
	b := Block{Tensors: []nn.Param{{Shape: []int{2, 3}, Offset: 4}, {Shape: []int{5}, Offset: 20}}}
	op := b.Restrict(m)
	rows := []int{4, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24}
	if op.Dim() != len(rows) {
		t.Fatalf("dimension %d", op.Dim())
	}
	v := direction(len(rows))
	for range 2 { // nothing stays behind
		got := apply(t, op, v)
		for i, r := range rows {
			var want float64
			for j, c := range rows {
				want += m.a.At(r, c) * float64(v[j])
			}
			if !close64(float64(got[i]), want, 1e-5) {
				t.Errorf("row %d: %g, want %g", i, got[i], want)
			}
		}
	}
	whole := Block{Tensors: []nn.Param{{Shape: []int{30}}}}
	if whole.Restrict(m) != Operator(m) {
		t.Error("the block of all is another operator")
	}
	full := make([]float32, 30)
	b.Scatter(full, v)
	if full[20] != v[6] || full[4] != v[0] || full[3] != 0 {
		t.Errorf("scattered %v", full)
	}
}

func TestShifted(t *testing.T) {
	values := []float64{4, 1, -2, 0.5}
	r, err := Lanczos(Shifted{rotated(values, 3), 0.25}, Options{K: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{4.25, 1.25, 0.75, -1.75} {
		if math.Abs(r.Pairs[i].Value-want) > 1e-5 {
			t.Errorf("value %d: %g, want %g", i, r.Pairs[i].Value, want)
		}
	}
}
