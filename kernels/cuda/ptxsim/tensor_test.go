package ptxsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTF32(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct{ v, want float32 }{
		{1, 1}, {0, 0}, {1 + 0x1p-10, 1 + 0x1p-10}, {1 + 0x1p-11, 1 + 0x1p-10}, {-1 - 0x1p-11, -1 - 0x1p-10}, // halves
		{1 + 0x1p-12, 1}, {1 + 0x1p-11 + 0x1p-23, 1 + 0x1p-10}, {inf, inf}, {-inf, -inf}, {math.MaxFloat32, inf},
		{0x1p-126, 0x1p-126}, {0x1p-136, 0x1p-136}, {0x1p-140, 0},
	} {
		if got := f32(tf32(of32(c.v))); got != c.want {
			t.Errorf("%g is rounded to %g, want %g", c.v, got, c.want)
		}
	}
	if nan := f32(tf32(math.MaxUint32)); nan == nan {
		t.Error("NaN is lost")
	}
}

// mmaModule multiplies fragments: each of 32 threads reads its four numbers of
// a and two of b, from behind them, and writes its four of d.
const mmaModule = `
	mul.lo.s32 	%r3, %r2, 24;
	mul.wide.u32 	%rd6, %r3, 1;
	add.s64 	%rd6, %rd2, %rd6;
	ld.global.u32 	%r10, [%rd6];
	ld.global.u32 	%r11, [%rd6+4];
	ld.global.u32 	%r12, [%rd6+8];
	ld.global.u32 	%r13, [%rd6+12];
	ld.global.u32 	%r14, [%rd6+16];
	ld.global.u32 	%r15, [%rd6+20];
	mov.f32 	%f1, 0f3F800000;
	setp.lt.s32 	%p1, %r2, %r1;
	@%p1 mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2, %f3, %f4}, {%r10, %r11, %r12, %r13}, {%r14, %r15}, {%f1, %f1, %f1, %f1};
	mul.wide.u32 	%rd7, %r2, 16;
	add.s64 	%rd7, %rd1, %rd7;
	st.global.f32 	[%rd7], %f1;
	st.global.f32 	[%rd7+4], %f2;
	st.global.f32 	[%rd7+8], %f3;
	st.global.f32 	[%rd7+12], %f4;`

// multiply runs mmaModule with so many lanes.
func multiply(t *testing.T, a *[16][8]float32, b *[8][8]float32, active uint64) (d [16][8]float32, err error) {
	m := New()
	if err := m.Load(module(mmaModule)); err != nil {
		t.Fatal(err)
	}
	in, out := make([]float32, 6*lanes), make([]float32, 4*lanes)
	for l := range lanes {
		r, c := l/4, l%4
		copy(in[6*l:], []float32{a[r][c], a[r+8][c], a[r][c+4], a[r+8][c+4], b[c][r], b[c+4][r]})
	}
	from, to := m.Alloc(4*len(in)), m.Alloc(4*len(out))
	m.Write(from, in)
	err = m.Launch("test", [3]int{1, 1, 1}, [3]int{lanes, 1, 1}, 0, []uint64{to, from, active})
	m.Read(out, to)
	for l := range lanes {
		r, c := l/4, l%4*2
		d[r][c], d[r][c+1], d[r+8][c], d[r+8][c+1] = out[4*l], out[4*l+1], out[4*l+2], out[4*l+3]
	}
	return d, err
}

func TestMMA(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var a [16][8]float32
	var b [8][8]float32
	for k := range 8 {
		for i := range a {
			a[i][k] = float32(r.IntN(2048) - 1024)
		}
		for j := range 8 {
			b[k][j] = float32(r.IntN(2048) - 1024)
		}
	}
	got, err := multiply(t, &a, &b, lanes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		for j := range got[i] {
			want := float32(1)
			for k := range 8 {
				want += a[i][k] * b[k][j]
			}
			if got[i][j] != want {
				t.Fatalf("[%d][%d] is %g, want %g", i, j, got[i][j], want)
			}
		}
	}
	if _, err := multiply(t, &a, &b, lanes-1); err == nil || !strings.Contains(err.Error(), "without the lanes 0x80000000") {
		t.Errorf("a lane is missing: %v", err)
	}
	a[3][2] = 1 + 0x1p-11
	if _, err := multiply(t, &a, &b, lanes); err == nil || !strings.Contains(err.Error(), "not rounded") {
		t.Errorf("an operand is not rounded: %v", err)
	}
}

// copied copies 16 bytes a thread to shared memory and writes what its neighbour has there.
func copied(wait, barrier string) string {
	return fmt.Sprintf(`
	mul.lo.s32 	%%r3, %%r2, 16;
	mul.wide.u32 	%%rd6, %%r2, 16;
	add.s64 	%%rd7, %%rd2, %%rd6;
	cp.async.ca.shared.global [%%rd6], [%%rd7], 16;
	%s
	%s
	xor.b32 	%%r3, %%r3, 16;
	ld.shared.f32 	%%f1, [%%r3+4];
	st.global.f32 	[%%rd4], %%f1;`, wait, barrier)
}

func TestAsyncCopy(t *testing.T) {
	const wait, barrier = "cp.async.wait_all;", "bar.sync 0;"
	got, err := run(t, copied(wait, barrier), 1, 64, 256, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got[:64] {
		if want := float32(4*(i^1)+1) + 0.5; v != want {
			t.Errorf("thread %d: %g, want %g", i, v, want)
		}
	}
	for _, c := range []struct{ wait, barrier, want string }{
		{wait, "", "race"}, {"", barrier, "has not waited"}, {barrier, wait, "race"},
	} {
		if _, err := run(t, copied(c.wait, c.barrier), 1, 64, 256, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, then %q: %v, want an error that says %q", c.wait, c.barrier, err, c.want)
		}
	}
}
