package cli

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	shortWithEquals   = regexp.MustCompile(`^-[A-Za-z]=`)
	severalWithEquals = regexp.MustCompile(`^-[A-Za-z]{2,}=`)
)

// arguments reads -o=x as -o x, where it would stand for a file named =x, and
// refuses what has no one meaning: -qo=x, and texts that are not UTF-8, of
// which several would look alike in records and messages.
func arguments(args []string) ([]string, error) {
	var list []string
	for i, a := range args {
		switch {
		case !utf8.ValidString(a):
			return nil, WithHint(Errorf(ExitUsage, "argument %d, %q, is not valid UTF-8", i+1, a), "rename the file")
		case a == "--":
			for j, rest := range args[i:] {
				if !utf8.ValidString(rest) {
					return nil, WithHint(Errorf(ExitUsage, "argument %d, %q, is not valid UTF-8", i+j+1, rest), "rename the file")
				}
			}
			return append(list, args[i:]...), nil
		case severalWithEquals.MatchString(a):
			return nil, WithHint(Errorf(ExitUsage, "%s: several flags of one letter, and a value", a), "write each by itself, such as -q -o "+a[strings.Index(a, "=")+1:])
		case shortWithEquals.MatchString(a):
			list = append(list, a[:2], a[3:])
		default:
			list = append(list, a)
		}
	}
	return list, nil
}
