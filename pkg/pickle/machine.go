package pickle

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"slices"
)

// machine is the stack machine of a pickle.
type machine struct {
	r     *bufio.Reader
	o     Options
	stack []any
	// The memo: values kept in turn, as most are, and under other numbers.
	dense  []any
	sparse map[uint32]any
	made   int64 // bytes copied by calls, see copied
}

// mark is where the items of a tuple, list or dictionary begin on the stack.
type mark struct{}

// step carries out one opcode.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		version, err := m.r.ReadByte()
		if err == nil && version > highestProtocol {
			err = Refusef("the pickle is of protocol %d, beyond %d", version, highestProtocol)
		}
		return err
	case opFrame:
		_, err := m.uint(8) // its size, which a reader need not know
		return err
	case opMark:
		m.push(mark{})
	case opPop:
		_, err := m.pop(1)
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		if len(m.stack) == 0 {
			return Refusef("the pickle doubles a value where it has none")
		}
		m.push(m.top())
	case opNone:
		m.push(nil)
	case opNewTrue, opNewFalse:
		m.push(op == opNewTrue)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opLong4, opBinFloat:
		return m.number(op)
	case opInt, opLong, opFloat, opString, opUnicode, opPersID, opGet, opPut:
		return m.line(op)
	case opShortBinString, opShortBinBytes:
		return m.bytes(1)
	case opBinString, opBinBytes:
		return m.bytes(4)
	case opBinBytes8, opByteArray8:
		return m.bytes(8)
	case opShortBinUnicode:
		return m.text(1)
	case opBinUnicode:
		return m.text(4)
	case opBinUnicode8:
		return m.text(8)
	case opEmptyDict:
		m.push(&Dict{})
	case opEmptyList, opEmptySet:
		m.push(&List{})
	case opEmptyTuple:
		m.push(Tuple{})
	case opDict:
		items, err := m.popMark()
		m.push(&Dict{})
		return m.setItems(items, err)
	case opList, opFrozenSet:
		items, err := m.popMark()
		m.push(&List{items})
		return err
	case opTuple:
		items, err := m.popMark()
		m.push(Tuple(items))
		return err
	case opTuple1, opTuple2, opTuple3:
		items, err := m.pop(int(op) - opTuple1 + 1)
		m.push(Tuple(items))
		return err
	case opAppend:
		return m.append(m.pop(1))
	case opAppends, opAddItems:
		return m.append(m.popMark())
	case opSetItem:
		return m.setItems(m.pop(2))
	case opSetItems:
		return m.setItems(m.popMark())
	case opGlobal, opStackGlobal, opInst, opObj, opReduce, opNewObj, opNewObjEx, opBuild, opBinPersID:
		return m.object(op)
	case opMemoize:
		return m.keep(uint32(len(m.dense) + len(m.sparse)))
	case opBinPut, opLongBinPut:
		i, err := m.uint(width(op))
		if err != nil {
			return err
		}
		return m.keep(uint32(i))
	case opBinGet, opLongBinGet:
		i, err := m.uint(width(op))
		if err != nil {
			return err
		}
		return m.recall(uint32(i))
	default:
		return Refusef("the pickle has the opcode %#02x, which is none of those read", op)
	}
	return nil
}

// width is the number of bytes of a place in the memo.
func width(op byte) int {
	if op == opLongBinPut || op == opLongBinGet {
		return 4
	}
	return 1
}

// keep puts the value on top of the stack into the memo.
func (m *machine) keep(i uint32) error {
	if len(m.stack) == 0 {
		return Refusef("the pickle keeps a value where it has none")
	}
	switch n := uint32(len(m.dense)); {
	case i < n:
		m.dense[i] = m.top()
	case i == n:
		m.dense = push(m.dense, m.top())
	default:
		m.sparse[i] = m.top()
	}
	return nil
}

// recall pushes a value of the memo.
func (m *machine) recall(i uint32) error {
	if int64(i) < int64(len(m.dense)) {
		m.push(m.dense[i])
		return nil
	}
	v, ok := m.sparse[i]
	if !ok {
		return Refusef("the pickle recalls value %d, which it never kept", i)
	}
	m.push(v)
	return nil
}

func (m *machine) push(v any) { m.stack = push(m.stack, v) }

// push appends, doubling what is full: few bytes of a pickle may push much.
func push(to []any, v any) []any {
	if len(to) == cap(to) {
		to = slices.Grow(to, max(8, len(to)))
	}
	return append(to, v)
}

// top returns the value pushed last, nil if there is none.
func (m *machine) top() any {
	if len(m.stack) == 0 {
		return nil
	}
	return m.stack[len(m.stack)-1]
}

// pop takes the last n values, in the order in which they were pushed.
func (m *machine) pop(n int) ([]any, error) {
	at := len(m.stack) - n
	if at < 0 {
		return nil, Refusef("the pickle takes values where it has none")
	}
	items := slices.Clone(m.stack[at:])
	m.stack = m.stack[:at]
	return items, nil
}

// popMark takes the values down to the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items, err := m.pop(len(m.stack) - i - 1)
			m.stack = m.stack[:i]
			return items, err
		}
	}
	return nil, Refusef("the pickle lacks a mark")
}

// uint reads a little-endian number of the given number of bytes.
func (m *machine) uint(width int) (uint64, error) {
	var b [8]byte
	_, err := io.ReadFull(m.r, b[:width])
	return binary.LittleEndian.Uint64(b[:]), err
}

// number reads an integer or float that is written in binary.
func (m *machine) number(op byte) error {
	size := map[byte]int{opBinInt: 4, opBinInt1: 1, opBinInt2: 2, opLong1: 1, opLong4: 4, opBinFloat: 8}[op]
	v, err := m.uint(size)
	if err != nil {
		return err
	}
	switch op {
	case opBinInt:
		m.push(int64(int32(v)))
	case opBinInt1, opBinInt2:
		m.push(int64(v))
	case opBinFloat:
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		m.push(math.Float64frombits(binary.BigEndian.Uint64(b[:])))
	default:
		return m.long(v)
	}
	return nil
}

// long reads an integer of n bytes in two's complement.
func (m *machine) long(n uint64) error {
	b, err := m.take(n)
	if err != nil {
		return err
	}
	if n > 8 {
		m.push(Big(b))
		return nil
	}
	var full [8]byte
	copy(full[:], b)
	shift := 64 - 8*n
	m.push(int64(binary.LittleEndian.Uint64(full[:])<<shift) >> shift)
	return nil
}

// bytes reads a string of bytes whose length takes the given number of bytes.
func (m *machine) bytes(width int) error {
	n, err := m.uint(width)
	if err != nil {
		return err
	}
	b, err := m.take(n)
	m.push(b)
	return err
}

// text is bytes of a text, which is UTF-8.
func (m *machine) text(width int) error {
	n, err := m.uint(width)
	if err != nil {
		return err
	}
	b, err := m.take(n)
	m.push(string(b))
	return err
}

// take reads n bytes.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(max(m.o.Size, 0)) {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	_, err := io.ReadFull(m.r, b)
	return b, err
}

func (m *machine) append(items []any, err error) error {
	if err != nil {
		return err
	}
	switch l := m.top().(type) {
	case *List:
		l.Items = append(l.Items, items...)
	case *Object: // of a class derived from list: what it holds is not ours
	default:
		return Refusef("the pickle appends to what is no list")
	}
	return nil
}

func (m *machine) setItems(items []any, err error) error {
	if err != nil {
		return err
	}
	var d *Dict
	switch v := m.top().(type) {
	case *Dict:
		d = v
	case *Object:
		d = &v.Dict
	}
	if d == nil || len(items)%2 != 0 {
		return Refusef("the pickle sets items of what is no dictionary")
	}
	for i := 0; i < len(items); i += 2 {
		if err := d.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}
