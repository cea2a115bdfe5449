package number

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	tenth, fifth := 0.1, 0.2
	for _, c := range []struct{ got, want string }{
		{Percent(0.86123), "86.12"},
		{Signed(-0.5, 2), "−0.50"}, {Signed(0.5, 2), "+0.50"}, {Signed(0, 1), "0.0"}, {Fixed(math.Copysign(0, -1), 2), "0.00"},
		{Significant(12.345, 3), "12.3"}, {Significant(0.0123, 3), "0.0123"}, {Significant(4.9e-5, 2), "4.9·10⁻⁵"}, {Significant(1234567, 3), "1.23·10⁶"}, {Significant(0, 3), "0"},
		{Plain(5e-4), "5e-4"}, {Plain(1e-3), "1e-3"}, {Plain(0.1), "0.1"}, {Plain(0), "0"}, {Plain(math.Copysign(0, -1)), "0"},
		{Plain(100 * 0.14), "14"}, {Exact(100 * 0.14), "14"}, {Plain(tenth + fifth), "0.3"}, {Exact(1.2627604653475129), "1.2627604653475129"}, {Exact(9007199254740991), "9.007199254740991e+15"},
		{Whole(999), "999"}, {Whole(2000), "2,000"}, {Whole(-1234567), "-1,234,567"}, {Count(1, "image"), "1 image"}, {Count(50000, "image"), "50,000 images"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Every number is written, and at no great length.
func TestEveryNumber(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1e308, -1e308, math.MaxFloat64, 1e-320, -1e-320, 5e-324, 1<<53 - 1, 1<<53 + 1, 1e12, math.NaN(), math.Inf(1), math.Inf(-1), 1.0000000000000002} {
		for _, s := range []string{Fixed(v, 2), Signed(v, 4), Significant(v, 3), Scientific(v, 2), Plain(v), Percent(v), Decimals(3)(v), Digits(6)(v)} {
			if s == "" || len(s) > 40 {
				t.Errorf("%g is written %q", v, s)
			}
		}
	}
}
