package pickle

import (
	"bufio"
	"strings"
)

// What Python writes for plain data, at every reader's disposal: an ordered
// dictionary, and bytes.
var builtin = map[Global]Func{
	{"collections", "OrderedDict"}: func(args Tuple) (any, error) {
		d := &Dict{}
		if len(args) == 0 {
			return d, nil
		}
		// Python 2 gives a list of pairs.
		items, _ := itemsOf(args[0])
		for _, e := range items {
			pair, ok := itemsOf(e)
			if !ok || len(pair) != 2 {
				return nil, Refusef("the pickle has an ordered dictionary of what are no pairs")
			}
			if err := d.set(pair[0], pair[1]); err != nil {
				return nil, err
			}
		}
		return d, nil
	},
	{"_codecs", "encode"}:        encode,
	{"__builtin__", "bytes"}:     encode,
	{"__builtin__", "bytearray"}: encode,
	{"builtins", "bytearray"}:    encode,
}

// encode gives bytes, made of nothing, of bytes, or of a text in Latin-1: the
// ways in which Python writes them by protocols that have no bytes.
func encode(args Tuple) (any, error) {
	if len(args) == 0 {
		return []byte{}, nil
	}
	if b, ok := args[0].([]byte); ok && len(args) == 1 {
		return b, nil
	}
	text, ok := args[0].(string)
	if !ok || len(args) != 2 || args[1] != "latin1" && args[1] != "latin-1" {
		return nil, Refusef("the pickle makes bytes of something other than text in Latin-1")
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, Refusef("the pickle has bytes beyond 255")
		}
		b = append(b, byte(r))
	}
	return b, nil
}

// object carries out the opcodes that in Python find, call or fill objects.
func (m *machine) object(op byte) error {
	switch op {
	case opGlobal:
		g, err := m.globalLines()
		if err != nil {
			return err
		}
		return m.pushGlobal(g)
	case opStackGlobal:
		items, err := m.pop(2)
		if err != nil {
			return err
		}
		module, ok := Text(items[0])
		name, also := Text(items[1])
		if !ok || !also {
			return Refusef("the pickle asks for what has no name")
		}
		return m.pushGlobal(Global{module, name})
	case opInst:
		g, err := m.globalLines()
		if err != nil {
			return err
		}
		args, err := m.popMark()
		if err != nil {
			return err
		}
		if err := m.pushGlobal(g); err != nil {
			return err
		}
		class, _ := m.pop(1)
		return m.call(class[0], Tuple(args))
	case opObj:
		items, err := m.popMark()
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return Refusef("the pickle makes an object of no class")
		}
		return m.call(items[0], Tuple(items[1:]))
	case opReduce, opNewObj:
		items, err := m.pop(2)
		if err != nil {
			return err
		}
		return m.call(items[0], items[1])
	case opNewObjEx:
		items, err := m.pop(3)
		if err != nil {
			return err
		}
		return m.call(items[0], items[1])
	case opBuild:
		return m.build()
	case opBinPersID:
		items, err := m.pop(1)
		if err != nil {
			return err
		}
		return m.persistent(items[0])
	}
	return Refusef("the pickle has the opcode %#02x", op)
}

// globalLines reads a module's and a member's name, a line each.
func (m *machine) globalLines() (Global, error) {
	var names [2]string
	for i := range names {
		line, err := m.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			err = Refusef("the pickle has a name of more than %d bytes", maxName)
		}
		if err != nil {
			return Global{}, err
		}
		names[i] = strings.TrimSuffix(string(line), "\n")
	}
	return Global{names[0], names[1]}, nil
}

const maxName = 200

// pushGlobal pushes a name, once it is known or need not be.
func (m *machine) pushGlobal(g Global) error {
	if len(g.Module) > maxName || len(g.Name) > maxName {
		return Refusef("the pickle has a name of more than %d bytes", maxName)
	}
	if _, ok := m.known(g); !ok && !m.o.Opaque {
		return Refusef("the pickle asks for %q of %q", g.Name, g.Module)
	}
	m.push(g)
	return nil
}

func (m *machine) known(g Global) (Func, bool) {
	if f, ok := builtin[g]; ok {
		return f, true
	}
	f, ok := m.o.Known[g]
	return f, ok
}

// call pushes the result of a known function, or an opaque object.
func (m *machine) call(function, args any) error {
	g, ok := function.(Global)
	if !ok {
		if !m.o.Opaque {
			return Refusef("the pickle calls what is no function")
		}
		m.push(&Object{})
		return nil
	}
	f, ok := m.known(g)
	if !ok || f == nil {
		if !m.o.Opaque {
			return Refusef("the pickle calls %q of %q", g.Name, g.Module)
		}
		m.push(&Object{Class: g})
		return nil
	}
	tuple, ok := args.(Tuple)
	if !ok {
		return Refusef("the pickle calls %q with what is no tuple", g.Name)
	}
	if m.made += copied(tuple); m.made > m.o.Size+maxCopied {
		return Refusef("the pickle copies more than it holds")
	}
	v, err := f(tuple)
	m.push(v)
	return err
}

// maxCopied is how much calls may copy beyond the size of the pickle, which
// has each text that it encodes and each pair that it puts in order in it.
const maxCopied = 64 << 10

// copied is about how many bytes of a pickle a built-in function copies.
func copied(args Tuple) int64 {
	if len(args) == 0 {
		return 0
	}
	if text, ok := args[0].(string); ok {
		return int64(len(text))
	}
	items, _ := itemsOf(args[0])
	return 4 * int64(len(items))
}

// build gives the value on top of the stack, below its state, that state.
// Plain data have none that matters.
func (m *machine) build() error {
	items, err := m.pop(1)
	if err != nil {
		return err
	}
	switch v := m.top().(type) {
	case Builder:
		return v.Build(items[0])
	case *Object:
		v.State = items[0]
	case *Dict, *List:
	default:
		if !m.o.Opaque {
			return Refusef("the pickle sets the state of what has none")
		}
	}
	return nil
}

// persistent pushes what a reference outside the pickle stands for.
func (m *machine) persistent(id any) error {
	if m.o.Persistent == nil {
		return Refusef("the pickle refers to something outside of it")
	}
	v, err := m.o.Persistent(id)
	m.push(v)
	return err
}
