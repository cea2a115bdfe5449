// Package pickle reads Python pickles of every protocol (0 to 5) without
// running anything: it is a stack machine that builds plain data. It imports
// no module and calls no function; the few calls that a reader needs, such as
// those that rebuild a NumPy array, are Go functions which that reader
// provides.
//
// Whatever a pickle says, memory stays within a small multiple of its size,
// and work within [MaxOps] opcodes.
package pickle

import (
	"bufio"
	"fmt"
	"io"
)

// MaxOps bounds the opcodes of a pickle, and with them the values it can make:
// the largest file of CIFAR has some 200,000, the state dict of a network of
// 1,202 layers 600,000.
const MaxOps = 1 << 21

// A pickle's values are nil, bool, int64, float64, string (text), []byte, what
// the functions of [Options] return, and these:
type (
	// Tuple is a tuple.
	Tuple []any
	// List is a list or a set.
	List struct{ Items []any }
	// Big is an integer beyond int64: its bytes in two's complement,
	// little-endian, or its decimal digits where the pickle has it as text.
	Big []byte
	// Global is the name of a class or function.
	Global struct{ Module, Name string }
	// Object is an instance of a class that no function is known for, or the
	// result of an unknown call: its Class and, as far as they were set, its
	// items and state.
	Object struct {
		Class Global
		Dict
		State any
	}
)

func (g Global) String() string { return g.Module + "." + g.Name }

// Func is what a reader does for a call of a known function or class.
type Func func(args Tuple) (any, error)

// Builder is a value that takes the state that a pickle sets.
type Builder interface{ Build(state any) error }

// Options say what a reader knows beyond plain data.
type Options struct {
	// Size is that of the whole input; no string can be longer.
	Size int64
	// Known are the functions that may be called, and the classes.
	Known map[Global]Func
	// Opaque makes an [Object] of what is not in Known; otherwise asking for
	// it is refused.
	Opaque bool
	// Persistent resolves references to what lies outside the pickle; nil
	// refuses them.
	Persistent func(id any) (any, error)
}

// Refusal says why a pickle is not one of the kind that is read.
type Refusal struct{ Problem string }

func (r *Refusal) Error() string { return r.Problem }

// Refusef makes a Refusal.
func Refusef(format string, a ...any) error { return &Refusal{fmt.Sprintf(format, a...)} }

// Read reads one pickled value and leaves r after its end. A pickle that is
// malformed or asks for what is not known is a *[Refusal]; other errors are
// the reader's.
func Read(r *bufio.Reader, o Options) (any, error) {
	m := &machine{r: r, o: o, sparse: map[uint32]any{}}
	for range MaxOps {
		op, err := m.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			if len(m.stack) != 1 {
				return nil, Refusef("the pickle ends with %d values, not 1", len(m.stack))
			}
			return m.stack[0], nil
		}
		if err := m.step(op); err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
	}
	return nil, Refusef("the pickle has more than %d opcodes", MaxOps)
}

// Text returns a string, be it text or bytes.
func Text(v any) (string, bool) {
	switch s := v.(type) {
	case string:
		return s, true
	case []byte:
		return string(s), true
	}
	return "", false
}
