package artifact

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON more strictly than encoding/json: duplicate keys, lone
// surrogates and numbers outside their range are errors. It holds nothing but
// its input, so that memory is bounded by what a caller keeps. The input must
// be valid UTF-8.
type scanner struct {
	b []byte
	i int
	// values, where set, is how many values may still be read.
	values *int64
}

// syntaxError is a mistake in JSON text, at a byte offset from 0.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.offset, e.msg) }

func (s *scanner) errorf(format string, a ...any) error {
	return &syntaxError{s.i, fmt.Sprintf(format, a...)}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// next describes the next byte for an error.
func (s *scanner) next() string {
	if s.peek(); s.i == len(s.b) {
		return "the end"
	}
	r, _ := utf8.DecodeRune(s.b[s.i:])
	return strconv.QuoteRune(r)
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c || s.i == len(s.b) {
		return false
	}
	s.i++
	return true
}

func (s *scanner) expect(c byte) error {
	if !s.accept(c) {
		return s.errorf("found %s: want %q", s.next(), c)
	}
	return nil
}

// end checks that only white space is left.
func (s *scanner) end() error {
	if s.peek(); s.i < len(s.b) {
		return s.errorf("found %s after the value", s.next())
	}
	return nil
}

// object calls member for each key, with the scanner at the value.
func (s *scanner) object(member func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.accept('}') {
		return nil
	}
	var few []string
	var many map[string]struct{}
	for {
		s.peek()
		at := s.i
		key, err := s.str()
		if err != nil {
			return err
		}
		duplicate := false
		if many == nil {
			for _, k := range few {
				duplicate = duplicate || k == key
			}
			if few = append(few, key); len(few) == 16 {
				many = make(map[string]struct{})
				for _, k := range few {
					many[k] = struct{}{}
				}
			}
		} else {
			_, duplicate = many[key]
			many[key] = struct{}{}
		}
		if duplicate {
			return &syntaxError{at, fmt.Sprintf("duplicate key %q", key)}
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if s.accept('}') {
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// array calls element with the scanner at each element.
func (s *scanner) array(element func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.accept(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.accept(']') {
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// str reads a string.
func (s *scanner) str() (string, error) {
	if s.peek() != '"' {
		return "", s.errorf("found %s: want a string", s.next())
	}
	start := s.i + 1
	for i := start; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return string(s.b[start:i]), nil
		case c == '\\':
			return s.escaped(start, i)
		case c < 0x20:
			s.i = i
			return "", s.errorf("control character in a string")
		}
	}
	s.i = len(s.b)
	return "", s.errorf("string without an end")
}

// escaped reads on at the first backslash, at i, of a string from start.
func (s *scanner) escaped(start, i int) (string, error) {
	var out strings.Builder
	out.Write(s.b[start:i])
	for s.i = i; s.i < len(s.b); {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return out.String(), nil
		case c < 0x20:
			return "", s.errorf("control character in a string")
		case c != '\\':
			out.WriteByte(c)
			s.i++
			continue
		}
		if s.i+1 == len(s.b) {
			break
		}
		switch c := s.b[s.i+1]; c {
		case '"', '\\', '/':
			out.WriteByte(c)
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case 'u':
			r, err := s.unicode()
			if err != nil {
				return "", err
			}
			out.WriteRune(r)
			continue
		default:
			return "", s.errorf("unknown escape in a string")
		}
		s.i += 2
	}
	s.i = len(s.b)
	return "", s.errorf("string without an end")
}

// unicode reads \uXXXX, or a surrogate pair of them.
func (s *scanner) unicode() (rune, error) {
	unit := func(at int) (rune, bool) {
		if at+6 > len(s.b) || s.b[at] != '\\' || s.b[at+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(s.b[at+2:at+6]), 16, 16)
		return rune(n), err == nil
	}
	r, ok := unit(s.i)
	if !ok {
		return 0, s.errorf("\\u in a string is not followed by four hexadecimal digits")
	}
	n := 6
	if utf16.IsSurrogate(r) {
		low, _ := unit(s.i + 6)
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, s.errorf("half a surrogate pair in a string")
		}
		n = 12
	}
	s.i += n
	return r, nil
}

// number reads a number and returns its text.
func (s *scanner) number() (string, error) {
	s.peek()
	i := s.i
	digits := func() bool {
		from := i
		for i < len(s.b) && '0' <= s.b[i] && s.b[i] <= '9' {
			i++
		}
		return i > from
	}
	is := func(set string) bool {
		if i < len(s.b) && strings.IndexByte(set, s.b[i]) >= 0 {
			i++
			return true
		}
		return false
	}
	is("-")
	ok := is("0") || digits()
	if ok && is(".") {
		ok = digits()
	}
	if ok && is("eE") {
		is("+-")
		ok = digits()
	}
	if !ok {
		return "", s.errorf("found %s: want a number", s.next())
	}
	text := string(s.b[s.i:i])
	s.i = i
	return text, nil
}

// size reads an integer from 0 to 2^63-1.
func (s *scanner) size() (int64, error) {
	s.peek()
	at := s.i
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	if text[0] == '-' {
		return 0, &syntaxError{at, fmt.Sprintf("%s is negative", text)}
	}
	if strings.ContainsAny(text, ".eE") {
		return 0, &syntaxError{at, fmt.Sprintf("%s is not written as an integer", text)}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &syntaxError{at, fmt.Sprintf("%s is beyond 2^63-1", text)}
	}
	return n, nil
}

// integer reads an integer that fits into an int64.
func (s *scanner) integer() (int64, error) {
	s.peek()
	at := s.i
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &syntaxError{at, fmt.Sprintf("%s is not an integer of 64 bits", text)}
	}
	return n, nil
}

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 32

// value reads any value: nil, bool, float64, string, []any, map[string]any.
func (s *scanner) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, s.errorf("nested deeper than %d", maxDepth)
	}
	if s.values != nil {
		if *s.values--; *s.values < 0 {
			return nil, s.errorf("holds more values than the limit for a file")
		}
	}
	switch s.peek() {
	case '{':
		m := make(map[string]any)
		err := s.object(func(key string) (err error) {
			m[key], err = s.value(depth + 1)
			return err
		})
		return m, err
	case '[':
		a := []any{}
		err := s.array(func() error {
			v, err := s.value(depth + 1)
			a = append(a, v)
			return err
		})
		return a, err
	case '"':
		return s.str()
	case 't':
		return true, s.word("true")
	case 'f':
		return false, s.word("false")
	case 'n':
		return nil, s.word("null")
	}
	at := s.i
	text, err := s.number()
	if err != nil {
		return nil, s.errorf("found %s: want a value", s.next())
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, &syntaxError{at, fmt.Sprintf("%s is out of range", text)}
	}
	return v, nil
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		return s.errorf("found %s: want a value", s.next())
	}
	s.i += len(w)
	return nil
}
