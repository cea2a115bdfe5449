package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"-o=x", "-o x"}, {"--output=x -q", "--output=x -q"}, {"-o =x", "-o =x"}, {"-o= a", "-o  a"}, {"-- -o=x", "-- -o=x"}, {"--x=-1:1:3", "--x=-1:1:3"}, {"-", "-"},
	} {
		got, err := arguments(strings.Split(test.in, " "))
		if err != nil || !slices.Equal(got, strings.Split(test.want, " ")) {
			t.Errorf("%s: %q, %v", test.in, got, err)
		}
	}
	for _, in := range []string{"-qo=x", "a\xff", "-- a\xff"} {
		if got, err := arguments(strings.Split(in, " ")); err == nil || ExitCode(err) != ExitUsage || len(Hints(err)) == 0 {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
