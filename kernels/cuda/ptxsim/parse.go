package ptxsim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// kernel is a parsed entry.
type kernel struct {
	name        string
	params      int
	mostThreads int
	registers   int
	constants   []vector
	special     []special
	code        []instruction
}

// special is a register that tells a thread where it is.
type special struct {
	register int
	value    func(b *block, thread int) int
}

type kind int

const (
	kindPlain kind = iota
	kindBranch
	kindBarrier
	kindReturn
	kindWarp // executed by all threads of a warp together
)

type instruction struct {
	kind       kind
	line       int
	text       string
	predicated bool
	negated    bool
	predicate  int
	target     int // of a branch
	exec       func(w *warp, on uint32)
}

var (
	entryLine  = regexp.MustCompile(`^\.visible \.entry (\w+)\(`)
	paramLine  = regexp.MustCompile(`^\.param \.\w+ (?:\.ptr .*)?(\w+)_param_(\d+),?$`)
	threadLine = regexp.MustCompile(`^\.maxntid (\d+)`)
	sharedLine = regexp.MustCompile(`^\.extern \.shared .*?(\w+)\[\];$`)
)

// parser holds the kernel in the making.
type parser struct {
	*kernel
	names    map[string]int // of registers
	labels   map[string]int
	branches map[int]string // instruction to label
	shared   map[string]bool
}

// parse reads all kernels of a module.
func parse(ptx string) ([]*kernel, error) {
	var list []*kernel
	var p *parser
	shared := map[string]bool{}
	for i, line := range strings.Split(ptx, "\n") {
		line = strings.TrimSpace(line)
		if match := sharedLine.FindStringSubmatch(line); match != nil {
			shared[match[1]] = true
			continue
		}
		if match := entryLine.FindStringSubmatch(line); match != nil {
			p = &parser{kernel: &kernel{name: match[1], mostThreads: 1024}, names: map[string]int{},
				labels: map[string]int{}, branches: map[int]string{}, shared: shared}
			list = append(list, p.kernel)
			continue
		}
		if p == nil || line == "" || line == "{" || line == ")" {
			continue
		}
		if paramLine.MatchString(line) {
			p.params++
			continue
		}
		if match := threadLine.FindStringSubmatch(line); match != nil {
			p.mostThreads, _ = strconv.Atoi(match[1])
			continue
		}
		if line == "}" {
			if err := p.link(); err != nil {
				return nil, err
			}
			p = nil
			continue
		}
		if line[0] == '.' {
			continue // .reg, .pragma, .minnctapersm
		}
		if label, ok := strings.CutSuffix(line, ":"); ok {
			p.labels[label] = len(p.code)
			continue
		}
		if err := p.instruction(i+1, strings.TrimSuffix(line, ";")); err != nil {
			return nil, fmt.Errorf("ptxsim: %s, line %d: %s: %w", p.name, i+1, line, err)
		}
	}
	return list, nil
}

// link resolves labels.
func (p *parser) link() error {
	for i, label := range p.branches {
		target, ok := p.labels[label]
		if !ok {
			return fmt.Errorf("ptxsim: %s: no label %s", p.name, label)
		}
		p.code[i].target = target
	}
	p.registers = len(p.names)
	return nil
}

// instruction parses one instruction.
func (p *parser) instruction(line int, text string) error {
	in := instruction{line: line, text: text}
	if guard, rest, _ := strings.Cut(text, " "); guard[0] == '@' {
		name, negated := strings.CutPrefix(guard[1:], "!")
		in.predicated, in.negated, in.predicate = true, negated, p.register(name)
		text = strings.TrimSpace(rest)
	}
	op, rest := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		op, rest = text[:i], strings.TrimSpace(text[i:])
	}
	var err error
	switch op {
	case "bra", "bra.uni":
		in.kind = kindBranch
		p.branches[len(p.code)] = rest
	case "bar.sync":
		in.kind = kindBarrier
	case "ret":
		in.kind = kindReturn
	default:
		if strings.HasPrefix(op, "mma.") {
			in.kind = kindWarp
		}
		in.exec, err = p.operation(strings.Split(op, "."), arguments(rest))
	}
	p.code = append(p.code, in)
	return err
}

// arguments splits at commas outside of braces.
func arguments(s string) []string {
	var list []string
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				list = append(list, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	return append(list, strings.TrimSpace(s[from:]))
}

// register returns the number of a register.
func (p *parser) register(name string) int {
	if r, ok := p.names[name]; ok {
		return r
	}
	r := len(p.names)
	p.names[name] = r
	axis := func(name string) int { return strings.Index("xyz", name[len(name)-1:]) }
	if strings.Contains(name, ".") {
		kind, i := name[:len(name)-2], axis(name)
		p.special = append(p.special, special{r, func(b *block, thread int) int {
			switch kind {
			case "%tid":
				return [3]int{thread % b.dim[0], thread / b.dim[0] % b.dim[1], thread / (b.dim[0] * b.dim[1])}[i]
			case "%ctaid":
				return b.index[i]
			case "%ntid":
				return b.dim[i]
			case "%nctaid":
				return b.grid[i]
			}
			panic("ptxsim: special register " + name)
		}})
	}
	return r
}

// constant returns an operand for the same value in all threads.
func (p *parser) constant(v uint64) int {
	var c vector
	for l := range c {
		c[l] = v
	}
	p.constants = append(p.constants, c)
	return ^(len(p.constants) - 1)
}

// operand parses a register, a number or the address of shared memory, which
// begins at 0.
func (p *parser) operand(s string) (int, error) {
	switch {
	case s[0] == '%':
		return p.register(s), nil
	case strings.HasPrefix(s, "0f"):
		v, err := strconv.ParseUint(s[2:], 16, 32)
		return p.constant(v), err
	case strings.HasPrefix(s, "0d"):
		v, err := strconv.ParseUint(s[2:], 16, 64)
		return p.constant(v), err
	case p.shared[s]:
		return p.constant(0), nil
	}
	if v, err := strconv.ParseInt(s, 0, 64); err == nil {
		return p.constant(uint64(v)), nil
	}
	v, err := strconv.ParseUint(s, 0, 64)
	return p.constant(v), err
}

func (p *parser) operands(list []string) ([]int, error) {
	var out []int
	for _, s := range list {
		o, err := p.operand(s)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// address parses [register+offset].
func (p *parser) address(s string) (base int, offset uint64, err error) {
	s = strings.Trim(s, "[]")
	name, number, plus := strings.Cut(s, "+")
	if plus {
		v, err := strconv.ParseInt(number, 0, 64)
		if err != nil {
			return 0, 0, err
		}
		offset = uint64(v)
	}
	base, err = p.operand(name)
	return base, offset, err
}
