package pickle

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// line carries out the opcodes of protocol 0 whose argument is a line of text.
func (m *machine) line(op byte) error {
	text, err := m.readLine()
	if err != nil {
		return err
	}
	switch op {
	case opInt:
		// Protocol 0 has booleans as numbers with a leading zero.
		if text == "00" || text == "01" {
			m.push(text == "01")
			return nil
		}
		return m.decimal(text)
	case opLong:
		return m.decimal(strings.TrimSuffix(text, "L"))
	case opFloat:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return Refusef("the pickle has %.40q for a number", text)
		}
		m.push(v)
		return nil
	case opString:
		b, ok := unquote(text)
		if !ok {
			return Refusef("the pickle has a string without quotes or with a wrong escape")
		}
		m.push(b)
		return nil
	case opUnicode:
		s, ok := unescape(text)
		if !ok {
			return Refusef("the pickle has a text with a wrong escape")
		}
		m.push(s)
		return nil
	case opPersID:
		return m.persistent(text)
	}
	i, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return Refusef("the pickle has %.40q for a place of its memo", text)
	}
	if op == opPut {
		return m.keep(uint32(i))
	}
	return m.recall(uint32(i))
}

// readLine reads up to a line feed, which it drops.
func (m *machine) readLine() (string, error) {
	var b []byte
	for {
		part, err := m.r.ReadSlice('\n')
		b = append(b, part...)
		if err == nil {
			return string(b[:len(b)-1]), nil
		}
		if err != bufio.ErrBufferFull {
			return "", err
		}
		if int64(len(b)) > m.o.Size {
			return "", io.ErrUnexpectedEOF
		}
	}
}

// decimal pushes an integer.
func (m *machine) decimal(text string) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		m.push(v)
		return nil
	}
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Refusef("the pickle has %.40q for a number", text)
	}
	m.push(Big(text))
	return nil
}

// unquote reads a string as Python's repr writes bytes: in quotes of either
// kind, with the escapes \\, \', \", \n, \r, \t and \xhh.
func unquote(s string) ([]byte, bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return nil, false
	}
	s = s[1 : len(s)-1]
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, false
		}
		switch s[i] {
		case '\\', '\'', '"':
			b = append(b, s[i])
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'x':
			v, ok := hex(s, i+1, 2)
			if !ok {
				return nil, false
			}
			b = append(b, byte(v))
			i += 2
		default:
			return nil, false
		}
	}
	return b, true
}

// unescape reads text in Python's raw-unicode-escape: Latin-1 with \uhhhh and
// \Uhhhhhhhh.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		r, width := rune(s[i]), 0
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'u':
				width = 4
			case 'U':
				width = 8
			}
		}
		if width > 0 {
			v, ok := hex(s, i+2, width)
			if !ok || v > utf8.MaxRune {
				return "", false
			}
			r = rune(v)
			i += 1 + width
		}
		b.WriteRune(r)
	}
	return b.String(), true
}

// hex reads digits of a string.
func hex(s string, at, digits int) (uint64, bool) {
	if at+digits > len(s) {
		return 0, false
	}
	v, err := strconv.ParseUint(s[at:at+digits], 16, 32)
	return v, err == nil
}
