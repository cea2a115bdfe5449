package cuda

import (
	"fmt"
	"math"
)

// Ptr is an address in device memory; 0 stands for an array that is absent.
type Ptr uint64

// Floats returns the address n float32 further on.
func (p Ptr) Floats(n int) Ptr { return p.Bytes(4 * n) }

// Bytes returns the address n bytes further on; an absent array stays absent.
func (p Ptr) Bytes(n int) Ptr {
	if p == 0 {
		return 0
	}
	return p + Ptr(n)
}

// Launch is one kernel with its arguments. Launches are pure values: whoever
// runs the same operation on as many images again can keep them, and to make
// one takes no memory of the heap.
type Launch struct {
	Kernel string
	Grid   [3]int
	Block  [3]int
	Shared int // bytes of dynamic shared memory

	args  [MostArgs]uint64
	count int
}

// MostArgs is the number of parameters of the kernel that has the most.
const MostArgs = 48

// Args returns the arguments, one slot of 8 bytes for each parameter.
func (l *Launch) Args() []uint64 { return l.args[:l.count] }

// most is the limit of a grid's second and third dimension.
const most = 65535

// launch puts together a launch whose blocks have one dimension.
func launch(kernel string, grid [3]int, threads, shared int, args ...any) Launch {
	if grid[0] < 1 || grid[1] < 1 || grid[2] < 1 || grid[0] > math.MaxInt32 || grid[1] > most || grid[2] > most {
		panic(fmt.Sprintf("cuda: %s: grid %v", kernel, grid))
	}
	l := Launch{Kernel: kernel, Grid: grid, Block: [3]int{threads, 1, 1}, Shared: shared}
	for _, a := range args {
		switch a := a.(type) {
		case Ptr:
			l.add(uint64(a))
		case Operand:
			l.addOperand(a)
		case int:
			if a < math.MinInt32 || a > math.MaxInt32 {
				panic(fmt.Sprintf("cuda: %d is too large for a kernel's int", a))
			}
			l.add(uint64(uint32(int32(a))))
		case int64:
			l.add(uint64(a))
		case float32:
			l.add(uint64(math.Float32bits(a)))
		case float64:
			l.add(math.Float64bits(a))
		default:
			panic("cuda: " + kernel + ": an argument of a type that no parameter has")
		}
	}
	return l
}

func (l *Launch) add(slot uint64) {
	l.args[l.count] = slot
	l.count++
}

// across is the grid of n threads in blocks of the given size.
func across(n, threads int) [3]int { return [3]int{max(1, blocks(n, threads)), 1, 1} }

func blocks(n, size int) int { return (n + size - 1) / size }

// Post says what happens to a combination before it is used.
type Post int

// The values of Post, those of package device.
const (
	Plain Post = iota // nothing
	ReLU              // max(v, 0)
	Mask              // v where MaskCoef[0]+MaskCoef[1]·MaskSrc > 0, else 0
)

// Operand is a batch of images as a kernel reads it, see package device. One
// without sources is absent and stands for zeros.
type Operand struct {
	Src               []Ptr // up to 4
	Coef              Ptr
	Post              Post
	MaskSrc, MaskCoef Ptr
}

// Stored is an operand that is read as it is.
func Stored(p Ptr) Operand { return Operand{Src: []Ptr{p}} }

// Zero reports whether the operand is absent.
func (o Operand) Zero() bool { return len(o.Src) == 0 }

func (l *Launch) addOperand(o Operand) {
	if len(o.Src) > 4 || len(o.Src) > 1 && o.Coef == 0 || o.Post == Mask && (o.MaskSrc == 0 || o.MaskCoef == 0) {
		panic(fmt.Sprintf("cuda: %s: no operand of %d arrays with coefficients at %#x, masked (%v) by %#x and %#x",
			l.Kernel, len(o.Src), o.Coef, o.Post == Mask, o.MaskSrc, o.MaskCoef))
	}
	var src [4]Ptr
	copy(src[:], o.Src)
	for _, p := range src {
		l.add(uint64(p))
	}
	for _, p := range []Ptr{o.Coef, o.MaskSrc, o.MaskCoef} {
		l.add(uint64(p))
	}
	l.add(uint64(len(o.Src) | int(o.Post)<<8))
}
