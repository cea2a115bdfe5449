package number

import "testing"

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Percent(0.86123), "86.12"},
		{Signed(-0.5, 2), "−0.50"}, {Signed(0.5, 2), "+0.50"}, {Signed(0, 1), "0.0"},
		{Significant(12.345, 3), "12.3"}, {Significant(0.0123, 3), "0.0123"}, {Significant(4.9e-5, 2), "4.9·10⁻⁵"}, {Significant(1234567, 3), "1.23·10⁶"}, {Significant(0, 3), "0"},
		{Plain(5e-4), "5e-4"}, {Plain(0.1), "0.1"}, {Plain(0), "0"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
