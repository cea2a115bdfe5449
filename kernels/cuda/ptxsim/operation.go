package ptxsim

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Registers hold values truncated to their type's width; integers are
// extended by their sign where an operation is signed.

func typeSize(ty string) int {
	if ty == "pred" {
		return 1
	}
	n, _ := strconv.Atoi(ty[1:])
	return n / 8
}

func truncate(v uint64, size int) uint64 {
	if size >= 8 {
		return v
	}
	return v & (1<<(8*size) - 1)
}

// extend returns a register's value as an integer of a type.
func extend(v uint64, ty string) uint64 {
	v = truncate(v, typeSize(ty))
	if ty[0] != 's' {
		return v
	}
	shift := 64 - 8*typeSize(ty)
	return uint64(int64(v<<shift) >> shift)
}

func f32(v uint64) float32  { return math.Float32frombits(uint32(v)) }
func of32(v float32) uint64 { return uint64(math.Float32bits(v)) }
func f64(v uint64) float64  { return math.Float64frombits(v) }
func of64(v float64) uint64 { return math.Float64bits(v) }

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// operation returns what an instruction does.
func (p *parser) operation(op, args []string) (func(w *warp, on uint32), error) {
	switch op[0] {
	case "ld", "st":
		return p.memory(op, args)
	case "mma":
		return p.mma(op, args)
	case "cp":
		return p.asyncCopy(op, args)
	}
	o, err := p.operands(args)
	if err != nil {
		return nil, err
	}
	ty := op[len(op)-1]
	d := o[0]
	if op[0] == "fma" && ty == "f32" {
		return fma32(d, o[1], o[2], o[3]), nil
	}
	switch len(o) {
	case 2:
		f, err := unary(op, ty)
		a := o[1]
		return func(w *warp, on uint32) {
			to, x := &w.reg[d], w.value(a)
			for ; on != 0; on &= on - 1 {
				l := bits.TrailingZeros32(on)
				to[l] = f(x[l])
			}
		}, err
	case 3:
		f, err := binary(op, ty)
		a, b := o[1], o[2]
		return func(w *warp, on uint32) {
			to, x, y := &w.reg[d], w.value(a), w.value(b)
			for ; on != 0; on &= on - 1 {
				l := bits.TrailingZeros32(on)
				to[l] = f(x[l], y[l])
			}
		}, err
	case 4:
		f, err := ternary(op, ty)
		a, b, c := o[1], o[2], o[3]
		return func(w *warp, on uint32) {
			to, x, y, z := &w.reg[d], w.value(a), w.value(b), w.value(c)
			for ; on != 0; on &= on - 1 {
				l := bits.TrailingZeros32(on)
				to[l] = f(x[l], y[l], z[l])
			}
		}, err
	}
	return nil, fmt.Errorf("%d operands", len(o))
}

func fma32(d, a, b, c int) func(w *warp, on uint32) {
	return func(w *warp, on uint32) {
		to, x, y, z := &w.reg[d], w.value(a), w.value(b), w.value(c)
		for ; on != 0; on &= on - 1 {
			l := bits.TrailingZeros32(on)
			to[l] = of32(float32(float64(f32(x[l]))*float64(f32(y[l])) + float64(f32(z[l]))))
		}
	}
}

func unary(op []string, ty string) (func(x uint64) uint64, error) {
	size := typeSize(ty)
	switch op[0] {
	case "mov":
		return func(x uint64) uint64 { return truncate(x, size) }, nil
	case "cvta":
		return func(x uint64) uint64 { return x }, nil
	case "cvt":
		if op[1] == "rna" {
			return tf32, nil
		}
		return convert(op[len(op)-2], ty, op[1] == "rzi")
	case "not":
		return func(x uint64) uint64 { return truncate(^x, size) }, nil
	case "neg":
		switch ty {
		case "f32":
			return func(x uint64) uint64 { return of32(-f32(x)) }, nil
		case "f64":
			return func(x uint64) uint64 { return of64(-f64(x)) }, nil
		}
		return func(x uint64) uint64 { return truncate(-x, size) }, nil
	case "sqrt":
		if ty == "f64" {
			return func(x uint64) uint64 { return of64(math.Sqrt(f64(x))) }, nil
		}
	case "rcp":
		if ty == "f32" {
			return func(x uint64) uint64 { return of32(1 / f32(x)) }, nil
		}
	}
	return nil, fmt.Errorf("not implemented")
}

// convert returns the conversion between two types.
func convert(to, from string, towardZero bool) (func(x uint64) uint64, error) {
	size := typeSize(to)
	if from[0] != 'f' && to[0] != 'f' {
		// A type narrower than its register is extended in it.
		return func(x uint64) uint64 { return truncate(extend(extend(x, from), to), max(size, 4)) }, nil
	}
	var read func(x uint64) float64
	switch {
	case from == "f32":
		read = func(x uint64) float64 { return float64(f32(x)) }
	case from == "f64":
		read = f64
	case from[0] == 's':
		read = func(x uint64) float64 { return float64(int64(extend(x, from))) }
	default:
		read = func(x uint64) float64 { return float64(extend(x, from)) }
	}
	switch {
	case to == "f32":
		return func(x uint64) uint64 { return of32(float32(read(x))) }, nil
	case to == "f64":
		return func(x uint64) uint64 { return of64(read(x)) }, nil
	case towardZero && to == "s32":
		return func(x uint64) uint64 { return truncate(uint64(int64(read(x))), size) }, nil
	}
	return nil, fmt.Errorf("not implemented")
}

func binary(op []string, ty string) (func(x, y uint64) uint64, error) {
	if op[0] == "setp" {
		return compare(op[1], ty)
	}
	if ty == "f32" || ty == "f64" {
		return binaryFloat(op[0], ty)
	}
	size, signed := typeSize(ty), ty[0] == 's'
	var f func(x, y uint64) uint64
	switch op[0] {
	case "add":
		f = func(x, y uint64) uint64 { return x + y }
	case "sub":
		f = func(x, y uint64) uint64 { return x - y }
	case "mul":
		switch op[1] {
		case "wide":
			return func(x, y uint64) uint64 { return truncate(extend(x, ty)*extend(y, ty), 2*size) }, nil
		case "hi":
			return func(x, y uint64) uint64 {
				return truncate(uint64(int64(extend(x, ty)*extend(y, ty))>>(8*size)), size)
			}, mulHi(size)
		}
		f = func(x, y uint64) uint64 { return x * y }
	case "div", "rem":
		return divide(op[0] == "rem", ty), nil
	case "and":
		f = func(x, y uint64) uint64 { return x & y }
	case "or":
		f = func(x, y uint64) uint64 { return x | y }
	case "xor":
		f = func(x, y uint64) uint64 { return x ^ y }
	case "shl":
		return func(x, y uint64) uint64 { return truncate(x<<truncate(y, 4), size) }, nil
	case "shr":
		if signed {
			return func(x, y uint64) uint64 { return truncate(uint64(int64(extend(x, ty))>>truncate(y, 4)), size) }, nil
		}
		return func(x, y uint64) uint64 { return truncate(x, size) >> truncate(y, 4) }, nil
	case "max", "min":
		less := func(x, y uint64) bool { return extend(x, ty) < extend(y, ty) }
		if signed {
			less = func(x, y uint64) bool { return int64(extend(x, ty)) < int64(extend(y, ty)) }
		}
		largest := op[0] == "max"
		f = func(x, y uint64) uint64 {
			if less(x, y) == largest {
				return y
			}
			return x
		}
	default:
		return nil, fmt.Errorf("not implemented")
	}
	return func(x, y uint64) uint64 { return truncate(f(x, y), size) }, nil
}

// mulHi is implemented for types whose product fits 64 bits.
func mulHi(size int) error {
	if size > 4 {
		return fmt.Errorf("not implemented")
	}
	return nil
}

func divide(remainder bool, ty string) func(x, y uint64) uint64 {
	size, signed := typeSize(ty), ty[0] == 's'
	return func(x, y uint64) uint64 {
		x, y = extend(x, ty), extend(y, ty)
		if y == 0 {
			fail("division of %d by zero", x)
		}
		switch {
		case signed && remainder:
			return truncate(uint64(int64(x)%int64(y)), size)
		case signed:
			return truncate(uint64(int64(x)/int64(y)), size)
		case remainder:
			return x % y
		}
		return x / y
	}
}

func binaryFloat(op, ty string) (func(x, y uint64) uint64, error) {
	single := map[string]func(x, y float32) float32{
		"add": func(x, y float32) float32 { return x + y },
		"sub": func(x, y float32) float32 { return x - y },
		"mul": func(x, y float32) float32 { return x * y },
		"div": func(x, y float32) float32 { return x / y },
	}
	double := map[string]func(x, y float64) float64{
		"add": func(x, y float64) float64 { return x + y },
		"sub": func(x, y float64) float64 { return x - y },
		"mul": func(x, y float64) float64 { return x * y },
		"div": func(x, y float64) float64 { return x / y },
	}
	if f := single[op]; f != nil && ty == "f32" {
		return func(x, y uint64) uint64 { return of32(f(f32(x), f32(y))) }, nil
	}
	if f := double[op]; f != nil {
		return func(x, y uint64) uint64 { return of64(f(f64(x), f64(y))) }, nil
	}
	return nil, fmt.Errorf("not implemented")
}

// compare returns the predicate of setp. Names that end in u hold for NaN too.
func compare(name, ty string) (func(x, y uint64) uint64, error) {
	unordered := ty[0] == 'f' && len(name) == 3
	holds, ok := map[string]func(sign int) bool{
		"lt": func(s int) bool { return s < 0 }, "le": func(s int) bool { return s <= 0 },
		"gt": func(s int) bool { return s > 0 }, "ge": func(s int) bool { return s >= 0 },
		"eq": func(s int) bool { return s == 0 }, "ne": func(s int) bool { return s != 0 },
	}[name[:2]]
	if !ok {
		return nil, fmt.Errorf("comparison %q", name)
	}
	sign := func(less, greater bool) int { return int(truth(greater)) - int(truth(less)) }
	var float func(x uint64) float64
	switch ty {
	case "f32":
		float = func(x uint64) float64 { return float64(f32(x)) }
	case "f64":
		float = f64
	}
	switch {
	case float != nil:
		return func(x, y uint64) uint64 {
			a, b := float(x), float(y)
			if math.IsNaN(a) || math.IsNaN(b) {
				return truth(unordered)
			}
			return truth(holds(sign(a < b, a > b)))
		}, nil
	case ty[0] == 's':
		return func(x, y uint64) uint64 {
			a, b := int64(extend(x, ty)), int64(extend(y, ty))
			return truth(holds(sign(a < b, a > b)))
		}, nil
	}
	return func(x, y uint64) uint64 {
		a, b := extend(x, ty), extend(y, ty)
		return truth(holds(sign(a < b, a > b)))
	}, nil
}

func ternary(op []string, ty string) (func(x, y, z uint64) uint64, error) {
	size := typeSize(ty)
	switch op[0] {
	case "selp":
		return func(x, y, z uint64) uint64 {
			if z&1 != 0 {
				return truncate(x, size)
			}
			return truncate(y, size)
		}, nil
	case "mad":
		switch op[1] {
		case "lo":
			return func(x, y, z uint64) uint64 { return truncate(x*y+z, size) }, nil
		case "wide":
			return func(x, y, z uint64) uint64 { return truncate(extend(x, ty)*extend(y, ty)+z, 2*size) }, nil
		}
	case "fma":
		if ty == "f64" {
			return func(x, y, z uint64) uint64 { return of64(math.FMA(f64(x), f64(y), f64(z))) }, nil
		}
	case "bfe":
		return func(x, y, z uint64) uint64 {
			start, count := truncate(y, 1), truncate(z, 1)
			v := truncate(x, size) >> start & (1<<count - 1)
			if ty[0] == 's' && count > 0 && v>>(count-1)&1 != 0 {
				v |= ^uint64(0) << count
			}
			return truncate(v, size)
		}, nil
	}
	return nil, fmt.Errorf("not implemented")
}
