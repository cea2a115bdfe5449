package paper

import (
	"strings"
	"testing"
)

func TestValuesAreWhole(t *testing.T) {
	counts := map[int]int{}
	for i, v := range Values() {
		counts[v.Table]++
		want := map[string][2]float64{"top1": {60, 94}, "top5": {87, 93}, "epoch_seconds": {21, 34}}[v.Metric]
		if v.Row == "" || v.Value < want[0] || v.Value > want[1] || v.SD < 0 || v.SD > 0.35 {
			t.Errorf("line %d: %+v", i+2, v)
		}
	}
	// Rows times columns, without the dashes.
	for table, n := range map[int]int{2: 13 * 4, 3: 10, 4: 25, 5: 10, 6: 12 * 4, 7: 6*6 + 3 + 2 + 6} {
		if counts[table] != n {
			t.Errorf("table %d has %d values, want %d", table, counts[table], n)
		}
	}
	// Table 6 repeats Table 2's accuracies.
	for _, v := range Of(6) {
		for _, w := range Of(2) {
			if v.Row == w.Row && v.Dataset == w.Dataset && v.Arch == w.Arch && v.Metric == w.Metric && v.Text != w.Text {
				t.Errorf("%+v differs from Table 2's %s", v, w.Text)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct {
		dataset, arch, method string
		external              bool
		want                  string
	}{
		{"cifar10", "resnet20", "SRN", false, "2 92.98 ± 0.28, 5 93.06 ± 0.28, 7 93.06 ± 0.28"},
		{"cifar100", "resnet8", "SRN", false, "7 65.78 ± 0.23"},
		{"cifar10", "resnet32", "Weight Decay", false, "2 92.40"},
		{"cifar10", "resnet20", "SAM", true, "5 92.99 ± 0.16"},
		{"cifar10", "resnet20", "SAM", false, ""},
		{"cifar10", "resnet20", "CE-only", false, ""},
		{"cifar10", "resnet8", "ALA", false, ""},
		{"cifar100", "resnet32", "Meta-Weight-Net", false, "7 70.4"},
		{"synthetic", "resnet8", "SRN", false, ""},
	} {
		var parts []string
		for _, v := range Quote(c.dataset, c.arch, c.method, c.external) {
			parts = append(parts, string(rune('0'+v.Table))+" "+v.String())
		}
		if got := strings.Join(parts, ", "); got != c.want {
			t.Errorf("%v: %q, want %q", c, got, c.want)
		}
	}
}
