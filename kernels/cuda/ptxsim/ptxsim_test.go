package ptxsim

import (
	"math"
	"strings"
	"testing"
)

// module wraps a kernel's instructions: two arrays and a number are its
// parameters, loaded as %rd1, %rd2 and %r1; the thread is %r2.
func module(body string) string {
	return `
.version 6.3
.target sm_75
.address_size 64
.extern .shared .align 16 .b8 shared[];
.visible .entry test(
	.param .u64 test_param_0,
	.param .u64 test_param_1,
	.param .u32 test_param_2
)
.maxntid 64, 1, 1
{
	.reg .b32 	%r<10>;
	ld.param.u64 	%rd1, [test_param_0];
	ld.param.u64 	%rd2, [test_param_1];
	ld.param.u32 	%r1, [test_param_2];
	mov.u32 	%r2, %tid.x;
	mul.wide.u32 	%rd3, %r2, 4;
	add.s64 	%rd4, %rd1, %rd3;
	add.s64 	%rd5, %rd2, %rd3;
` + body + `
	ret;
}
`
}

// run launches the kernel on blocks of threads with arrays of that many words
// and returns the first.
func run(t *testing.T, body string, blocks, threads, n int, argument uint32) ([]float32, error) {
	t.Helper()
	m := New()
	if err := m.Load(module(body)); err != nil {
		t.Fatal(err)
	}
	out, in := m.Alloc(4*n), m.Alloc(4*n)
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i) + 0.5
	}
	m.Write(in, v)
	err := m.Launch("test", [3]int{blocks, 1, 1}, [3]int{threads, 1, 1}, 1024, []uint64{out, in, uint64(argument)})
	m.Read(v, out)
	return v, err
}

func TestArithmetic(t *testing.T) {
	got, err := run(t, `
	ld.global.f32 	%f1, [%rd5];
	fma.rn.f32 	%f2, %f1, 0f40000000, 0f3F800000;
	st.global.f32 	[%rd4], %f2;`, 1, 40, 40, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if want := 2*(float32(i)+0.5) + 1; v != want {
			t.Errorf("thread %d: %g, want %g", i, v, want)
		}
	}
}

// Threads that go different ways meet again.
func TestDivergence(t *testing.T) {
	got, err := run(t, `
	mov.f32 	%f1, 0f00000000;
	setp.lt.s32 	%p1, %r2, %r1;
	@%p1 bra 	$L_less;
	add.rn.f32 	%f1, %f1, 0f3F800000;
	bra.uni 	$L_done;
$L_less:
	mov.u32 	%r3, %r2;
$L_loop:
	add.rn.f32 	%f1, %f1, 0f40000000;
	add.s32 	%r3, %r3, -1;
	setp.ge.s32 	%p2, %r3, 0;
	@%p2 bra 	$L_loop;
$L_done:
	st.global.f32 	[%rd4], %f1;`, 1, 64, 64, 37)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		want := float32(1)
		if i < 37 {
			want = 2 * float32(i+1)
		}
		if v != want {
			t.Errorf("thread %d: %g, want %g", i, v, want)
		}
	}
}

// neighbour writes a number to shared memory and reads that of the next
// thread, with or without a barrier in between.
func neighbour(barrier string) string {
	return `
	mov.u32 	%r3, shared;
	mul.lo.s32 	%r4, %r2, 4;
	add.s32 	%r5, %r3, %r4;
	ld.global.f32 	%f1, [%rd5];
	st.shared.f32 	[%r5], %f1;` + barrier + `
	add.s32 	%r6, %r2, 1;
	rem.s32 	%r6, %r6, 64;
	mul.lo.s32 	%r6, %r6, 4;
	ld.shared.f32 	%f2, [%r6];
	st.global.f32 	[%rd4], %f2;`
}

func TestBarrier(t *testing.T) {
	got, err := run(t, neighbour("\n\tbar.sync 0;"), 1, 64, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if want := float32((i+1)%64) + 0.5; v != want {
			t.Errorf("thread %d: %g, want %g", i, v, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, body      string
		blocks, threads int
		want            string
	}{
		{"missing barrier", neighbour(""), 1, 64, "race"},
		{"two blocks write the same word", "\n\tst.global.u32 [%rd4], %r2;", 2, 32, "race"},
		{"behind the array", "\n\tst.global.u32 [%rd4+256], %r2;", 1, 1, "no 4 bytes"},
		{"before the array", "\n\tld.global.f32 %f1, [%rd4+-4];", 1, 1, "no 4 bytes"},
		{"behind shared memory", "\n\tmov.u32 %r3, 1024;\n\tst.shared.u32 [%r3], %r2;", 1, 1, "shared memory"},
		{"misaligned", "\n\tld.global.v2.f32 {%f1, %f2}, [%rd4+4];", 1, 1, "not aligned"},
		{"divided by zero", "\n\tdiv.s32 %r3, %r2, 0;", 1, 1, "by zero"},
		{"some threads do not wait", "\n\tsetp.lt.s32 %p1, %r2, 5;\n\t@%p1 bar.sync 0;", 1, 64, "barrier"},
		{"too many threads", "", 1, 65, "at most 64 threads"},
	} {
		_, err := run(t, c.body, c.blocks, c.threads, 64, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.want)
		}
	}
}

// Blocks may read the same words, and a launch may write what an earlier one read.
func TestNoRaceBetweenLaunches(t *testing.T) {
	m := New()
	if err := m.Load(module("\n\tld.global.f32 %f1, [%rd2];\n\tsetp.eq.s32 %p1, %r1, 1;\n\t@%p1 st.global.f32 [%rd4], %f1;")); err != nil {
		t.Fatal(err)
	}
	a, b := m.Alloc(256), m.Alloc(256)
	m.Write(b, []float32{3})
	for _, l := range []struct {
		blocks int
		args   []uint64
	}{{4, []uint64{a, b, 0}}, {1, []uint64{b, b + 128, 1}}, {4, []uint64{a, b, 0}}} {
		if err := m.Launch("test", [3]int{l.blocks, 1, 1}, [3]int{32, 1, 1}, 0, l.args); err != nil {
			t.Error(err)
		}
	}
}

func TestUnwrittenMemoryIsNaN(t *testing.T) {
	m := New()
	v := make([]float32, 3)
	m.Read(v, m.Alloc(12))
	for _, x := range v {
		if !math.IsNaN(float64(x)) {
			t.Errorf("%g", x)
		}
	}
}

func TestUnknownInstruction(t *testing.T) {
	if err := New().Load(module("\n\twmma.load.a %r3, %r4;")); err == nil || !strings.Contains(err.Error(), "line") {
		t.Errorf("%v", err)
	}
}

// Operations on every type that kernels use, against Go's.
func TestOperations(t *testing.T) {
	bits := func(v float64) uint64 { return math.Float64bits(v) }
	single := func(v float32) uint64 { return uint64(math.Float32bits(v)) }
	minus := func(v int64, size int) uint64 { return truncate(uint64(v), size) }
	for _, c := range []struct {
		op   string
		args []uint64
		want uint64
	}{
		{"add.s32", []uint64{minus(-1, 4), 1}, 0},
		{"sub.s32", []uint64{0, 1}, minus(-1, 4)},
		{"mul.wide.s32", []uint64{minus(-3, 4), 5}, minus(-15, 8)},
		{"mul.hi.u32", []uint64{1 << 31, 4}, 2},
		{"mul.hi.s32", []uint64{minus(-2, 4), 1}, minus(-1, 4)},
		{"div.s32", []uint64{minus(-7, 4), 2}, minus(-3, 4)},
		{"rem.s32", []uint64{minus(-7, 4), 2}, minus(-1, 4)},
		{"shr.s32", []uint64{minus(-8, 4), 1}, minus(-4, 4)},
		{"shr.u32", []uint64{minus(-8, 4), 28}, 15},
		{"shr.s16", []uint64{minus(-2, 2), 15}, minus(-1, 2)},
		{"max.s32", []uint64{minus(-1, 4), 1}, 1},
		{"min.u32", []uint64{minus(-1, 4), 1}, 1},
		{"setp.lt.u32", []uint64{1, minus(-1, 4)}, 1},
		{"setp.lt.s32", []uint64{1, minus(-1, 4)}, 0},
		{"setp.gt.f32", []uint64{single(float32(math.NaN())), 0}, 0},
		{"setp.gtu.f64", []uint64{bits(math.NaN()), 0}, 1},
		{"cvt.s32.s8", []uint64{0x80}, minus(-128, 4)},
		{"cvt.s64.s32", []uint64{minus(-5, 4)}, minus(-5, 8)},
		{"cvt.u64.u32", []uint64{minus(-5, 4)}, minus(-5, 4)},
		{"cvt.rn.f32.s32", []uint64{minus(-5, 4)}, single(-5)},
		{"cvt.rn.f32.f64", []uint64{bits(1.5)}, single(1.5)},
		{"cvt.f64.f32", []uint64{single(1.5)}, bits(1.5)},
		{"cvt.rzi.s32.f64", []uint64{bits(-2.75)}, minus(-2, 4)},
		{"bfe.u32", []uint64{0xabcd, 4, 8}, 0xbc},
		{"selp.f64", []uint64{bits(1), bits(2), 0}, bits(2)},
		{"mad.lo.s32", []uint64{3, minus(-4, 4), 2}, minus(-10, 4)},
		{"fma.rn.f64", []uint64{bits(1 + 0x1p-30), bits(1 + 0x1p-30), bits(-1 - 0x1p-29)}, bits(0x1p-60)},
		{"sqrt.rn.f64", []uint64{bits(2)}, bits(math.Sqrt2)},
		{"neg.f32", []uint64{single(1)}, single(-1)},
	} {
		p := &parser{kernel: &kernel{}, names: map[string]int{}}
		args := []string{"%d"}
		w := &warp{block: &block{kernel: p.kernel}}
		for i, v := range c.args {
			name := []string{"%a", "%b", "%c"}[i]
			args = append(args, name)
			for p.register(name) >= len(w.reg) {
				w.reg = append(w.reg, vector{})
			}
			w.reg[p.register(name)][0] = v
		}
		exec, err := p.operation(strings.Split(c.op, "."), args)
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		w.reg = append(w.reg, vector{})
		exec(w, 1)
		if got := w.reg[p.register("%d")][0]; got != c.want {
			t.Errorf("%s %#x = %#x, want %#x", c.op, c.args, got, c.want)
		}
	}
}
