package cifar

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// The pickle opcodes that the official files use: protocol 2 as Python 2
// writes dictionaries of strings, numbers, lists of them and one NumPy array.
const (
	opProto          = 0x80
	opStop           = '.'
	opMark           = '('
	opNone           = 'N'
	opNewTrue        = 0x88
	opNewFalse       = 0x89
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opLong1          = 0x8a
	opShortBinString = 'U'
	opBinString      = 'T'
	opEmptyDict      = '}'
	opEmptyList      = ']'
	opEmptyTuple     = ')'
	opTuple          = 't'
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opAppend         = 'a'
	opAppends        = 'e'
	opSetItem        = 's'
	opSetItems       = 'u'
	opGlobal         = 'c'
	opReduce         = 'R'
	opBuild          = 'b'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
)

// maxOps bounds the opcodes of a file, and with them the values it can make:
// the largest official file has little more than 200,000.
const maxOps = 1 << 20

// Values on the stack are nil, bool, int64, []byte (a string) and these:
type (
	dict  map[string]any
	tuple []any
	list  struct{ items []any }
	mark  struct{}
	// global is one of the three known names, see globals.
	global string
	// dtype is NumPy's type of unsigned bytes, the only one known.
	dtype struct{}
	// array is a NumPy matrix of unsigned bytes.
	array struct {
		rows, columns int
		columnMajor   bool
		bytes         []byte
	}
)

const (
	numpyReconstruct global = "numpy.core.multiarray _reconstruct"
	numpyArray       global = "numpy ndarray"
	numpyDtype       global = "numpy dtype"
)

// refusal says why a pickle is not one of the kind that is read.
type refusal struct{ problem string }

func (r *refusal) Error() string { return r.problem }

func refuse(format string, a ...any) error { return &refusal{fmt.Sprintf(format, a...)} }

// ints returns a list of numbers.
func (d dict) ints(key string) ([]int32, bool) {
	l, ok := d[key].(*list)
	if !ok {
		return nil, false
	}
	v := make([]int32, len(l.items))
	for i, e := range l.items {
		n, ok := e.(int64)
		if !ok || n != int64(int32(n)) {
			return nil, false
		}
		v[i] = int32(n)
	}
	return v, true
}

// strings returns a list of strings, nil where there is none.
func (d dict) strings(key string) []string {
	l, ok := d[key].(*list)
	if !ok {
		return nil
	}
	var v []string
	for _, e := range l.items {
		s, ok := e.([]byte)
		if !ok {
			return nil
		}
		v = append(v, string(s))
	}
	return v
}

// unpickler is a stack machine that builds data and runs nothing.
type unpickler struct {
	r     *bufio.Reader
	limit int64 // on the length of a string
	stack []any
	memo  map[uint32]any
}

// unpickle reads one pickled dictionary from a file of the given size. A
// pickle outside the official files' layout is a *refusal; other errors are
// the reader's.
func unpickle(r io.Reader, size int64) (dict, error) {
	u := &unpickler{r: bufio.NewReader(r), limit: size, memo: map[uint32]any{}}
	for range maxOps {
		op, err := u.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			d, ok := u.top().(dict)
			if !ok || len(u.stack) != 1 {
				return nil, refuse("the pickle is no dictionary")
			}
			return d, nil
		}
		if err := u.step(op); err != nil {
			return nil, err
		}
	}
	return nil, refuse("the pickle has more than %d opcodes", maxOps)
}

func (u *unpickler) step(op byte) error {
	switch op {
	case opProto:
		version, err := u.r.ReadByte()
		if err == nil && version != 2 {
			err = refuse("the pickle is of protocol %d, not 2", version)
		}
		return err
	case opMark:
		u.push(mark{})
	case opNone:
		u.push(nil)
	case opNewTrue, opNewFalse:
		u.push(op == opNewTrue)
	case opBinInt:
		v, err := u.uint(4)
		u.push(int64(int32(v)))
		return err
	case opBinInt1:
		v, err := u.uint(1)
		u.push(int64(v))
		return err
	case opBinInt2:
		v, err := u.uint(2)
		u.push(int64(v))
		return err
	case opLong1:
		return u.long()
	case opShortBinString:
		return u.string(1)
	case opBinString:
		return u.string(4)
	case opEmptyDict:
		u.push(dict{})
	case opEmptyList:
		u.push(&list{})
	case opEmptyTuple:
		u.push(tuple{})
	case opTuple:
		items, err := u.popMark()
		u.push(tuple(items))
		return err
	case opTuple1, opTuple2, opTuple3:
		items, err := u.pop(int(op) - opTuple1 + 1)
		u.push(tuple(items))
		return err
	case opAppend:
		return u.append(u.pop(1))
	case opAppends:
		return u.append(u.popMark())
	case opSetItem:
		return u.setItems(u.pop(2))
	case opSetItems:
		return u.setItems(u.popMark())
	case opGlobal:
		return u.global()
	case opReduce:
		return u.reduce()
	case opBuild:
		return u.build()
	case opBinPut, opLongBinPut:
		i, err := u.uint(memoWidth(op))
		if len(u.stack) == 0 {
			return refuse("the pickle keeps a value where it has none")
		}
		u.memo[i] = u.top()
		return err
	case opBinGet, opLongBinGet:
		i, err := u.uint(memoWidth(op))
		if err != nil {
			return err
		}
		v, ok := u.memo[i]
		if !ok {
			return refuse("the pickle recalls value %d, which it never kept", i)
		}
		u.push(v)
	default:
		return refuse("the pickle has the opcode %#02x, which official files do not use", op)
	}
	return nil
}

func memoWidth(op byte) int {
	if op == opLongBinPut || op == opLongBinGet {
		return 4
	}
	return 1
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

// top returns the value pushed last, nil if there is none.
func (u *unpickler) top() any {
	if len(u.stack) == 0 {
		return nil
	}
	return u.stack[len(u.stack)-1]
}

// pop takes the last n values, in the order in which they were pushed.
func (u *unpickler) pop(n int) ([]any, error) {
	at := len(u.stack) - n
	if at < 0 {
		return nil, refuse("the pickle takes values where it has none")
	}
	items := append([]any(nil), u.stack[at:]...)
	u.stack = u.stack[:at]
	return items, nil
}

// popMark takes the values down to the last mark, and the mark.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			items, err := u.pop(len(u.stack) - i - 1)
			u.stack = u.stack[:i]
			return items, err
		}
	}
	return nil, refuse("the pickle lacks a mark")
}

// uint reads a little-endian number of the given number of bytes.
func (u *unpickler) uint(width int) (uint32, error) {
	var b [4]byte
	_, err := io.ReadFull(u.r, b[:width])
	return binary.LittleEndian.Uint32(b[:]), err
}

// long reads an integer of up to 8 bytes in two's complement.
func (u *unpickler) long() error {
	n, err := u.uint(1)
	if err != nil {
		return err
	}
	if n > 8 {
		return refuse("the pickle has an integer of %d bytes", n)
	}
	var b [8]byte
	if _, err := io.ReadFull(u.r, b[:n]); err != nil {
		return err
	}
	shift := 64 - 8*n
	u.push(int64(binary.LittleEndian.Uint64(b[:])<<shift) >> shift)
	return nil
}

// string reads a string whose length takes the given number of bytes.
func (u *unpickler) string(width int) error {
	n, err := u.uint(width)
	if err != nil {
		return err
	}
	if int64(n) > u.limit {
		return io.ErrUnexpectedEOF
	}
	s := make([]byte, n)
	_, err = io.ReadFull(u.r, s)
	u.push(s)
	return err
}

func (u *unpickler) append(items []any, err error) error {
	if err != nil {
		return err
	}
	l, ok := u.top().(*list)
	if !ok {
		return refuse("the pickle appends to what is no list")
	}
	l.items = append(l.items, items...)
	return nil
}

func (u *unpickler) setItems(items []any, err error) error {
	if err != nil {
		return err
	}
	d, ok := u.top().(dict)
	if !ok || len(items)%2 != 0 {
		return refuse("the pickle sets items of what is no dictionary")
	}
	for i := 0; i < len(items); i += 2 {
		key, ok := items[i].([]byte)
		if !ok {
			return refuse("the pickle has a key that is no string")
		}
		if _, ok := d[string(key)]; ok {
			return refuse("the pickle has the key %.100q twice", key)
		}
		d[string(key)] = items[i+1]
	}
	return nil
}

// global reads a module's and a member's name, of which three are known.
func (u *unpickler) global() error {
	var names [2]string
	for i := range names {
		line, err := u.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull || len(line) > 100 {
			return refuse("the pickle has a name of more than 100 bytes")
		}
		if err != nil {
			return err
		}
		names[i] = strings.TrimSuffix(string(line), "\n")
	}
	switch g := global(names[0] + " " + names[1]); g {
	case numpyReconstruct, numpyArray, numpyDtype:
		u.push(g)
		return nil
	}
	return refuse("the pickle asks for %q of %q", names[1], names[0])
}

// reduce makes an array or a type, still without content.
func (u *unpickler) reduce() error {
	items, err := u.pop(2)
	if err != nil {
		return err
	}
	args, _ := items[1].(tuple)
	switch items[0] {
	case numpyReconstruct:
		if len(args) == 3 && args[0] == numpyArray {
			u.push(new(array))
			return nil
		}
	case numpyDtype:
		if len(args) == 3 {
			if code, ok := args[0].([]byte); ok && string(code) == "u1" {
				u.push(dtype{})
				return nil
			}
			return refuse("the pickle has an array of other than unsigned bytes")
		}
	}
	return refuse("the pickle makes something other than a NumPy array")
}

// build gives the array or type on top of the stack its content.
func (u *unpickler) build() error {
	items, err := u.pop(1)
	if err != nil {
		return err
	}
	state, _ := items[0].(tuple)
	switch v := u.top().(type) {
	case dtype:
		return nil // bytes have no byte order to set
	case *array:
		return v.set(state)
	}
	return refuse("the pickle sets the state of something other than a NumPy array")
}

// set takes NumPy's state of an array: version, shape, type, whether the
// order is column-major, content.
func (a *array) set(state tuple) error {
	if len(state) != 5 {
		return refuse("the pickled array has a state of %d parts, not 5", len(state))
	}
	shape, _ := state[1].(tuple)
	if len(shape) != 2 {
		return refuse("the pickled array is no matrix")
	}
	var size [2]int
	for i, s := range shape {
		n, ok := s.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return refuse("the pickled array has a size that is no count")
		}
		size[i] = int(n)
	}
	if _, ok := state[2].(dtype); !ok {
		return refuse("the pickled array has no type")
	}
	columnMajor, ok := state[3].(bool)
	if !ok {
		return refuse("the pickled array does not tell its order")
	}
	content, ok := state[4].([]byte)
	if !ok || size[0]*size[1] != len(content) {
		return refuse("the pickled array of %d × %d has not as many bytes", size[0], size[1])
	}
	*a = array{size[0], size[1], columnMajor, content}
	return nil
}

// row copies one row.
func (a *array) row(dst []byte, i int) {
	if !a.columnMajor {
		copy(dst, a.bytes[i*a.columns:])
		return
	}
	for j := range a.columns {
		dst[j] = a.bytes[j*a.rows+i]
	}
}
