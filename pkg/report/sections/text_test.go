package sections

import (
	"testing"

	"srn/pkg/report/chart"
	"srn/pkg/stats"
)

func TestPlusMinus(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{plusMinusDigits(stats.Summary{N: 3, Mean: 13.71, SD: 3.14}, 3), "13.7 ± 3.1"}, {plusMinusDigits(stats.Summary{N: 3, Mean: 7.29e-5, SD: 1e-6}, 3), "(7.29 ± 0.10)·10⁻⁵"},
		{plusMinusDigits(stats.Summary{N: 1, Mean: 5, SD: 0}, 2), "5.0"}, {plusMinusDigits(stats.Summary{}, 2), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestMeansDoNotJumpWhereASeedIsMissing(t *testing.T) {
	points := average([]map[int]float64{{1: 1, 2: 3, 3: 5}, {1: 3, 3: 9}})
	if len(points) != 2 || points[0] != (chart.Point{X: 1, Mean: 2, Low: 1, High: 3, N: 2}) || points[1] != (chart.Point{X: 3, Mean: 7, Low: 5, High: 9, N: 2}) {
		t.Errorf("%+v", points)
	}
}
