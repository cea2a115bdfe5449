package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"srn/pkg/device"
)

// Combine tests combinations of images, masked and not.
func Combine(t *testing.T, be device.Backend) {
	const c, pixels, n = 32, 9, 5
	r := rand.New(rand.NewPCG(5, 6))
	x, y, coef := random(r, n*pixels*c), random(r, n*pixels*c), random(r, 3*c)
	dst := be.New(len(x))
	for _, post := range []device.Post{device.Plain, device.ReLU, device.Mask} {
		be.Run(n, device.Stage{be.Combine(dst, device.Operand{Src: []device.Buffer{upload(be, x), upload(be, y)}, Coef: upload(be, coef),
			Post: post, MaskSrc: upload(be, x), MaskCoef: upload(be, coef)}, c, pixels)})
		want := make([]float64, len(x))
		for i := range want {
			k := i % c
			want[i] = float64(coef[k]) + float64(coef[c+k])*float64(x[i]) + float64(coef[2*c+k])*float64(y[i])
			if post == device.ReLU {
				want[i] = max(want[i], 0)
			}
			if post == device.Mask && !(float64(coef[k])+float64(coef[c+k])*float64(x[i]) > 0) {
				want[i] = 0
			}
		}
		near(t, fmt.Sprintf("post %d", post), download(be, dst), want, 1e-5)
	}
}

// Subsample tests the shortcut and that its gradient is its adjoint.
func Subsample(t *testing.T, be device.Backend) {
	const c, size, n = 16, 8, 3
	r := rand.New(rand.NewPCG(7, 8))
	x, g := upload(be, random(r, n*size*size*c)), upload(be, random(r, n*size*size*c/2))
	y, dx := be.New(g.Len()), be.New(x.Len())
	grad := be.SubsampleGrad(dx, g, c, size)
	for times := 1.0; times <= 2; times++ { // it is added to what is there
		be.Run(n, device.Stage{be.Subsample(y, x, c, size), grad})
		if a, c := times*be.Dot(y, g), be.Dot(x, dx); math.Abs(a-c) > 1e-4*math.Abs(a) {
			t.Errorf("%g·⟨Sx, g⟩ = %g but ⟨x, Sᵀg⟩ = %g", times, a, c)
		}
	}
	// Input pixel (2, 4) of image 1 becomes pixel (1, 2); of its channels,
	// 3 becomes 3 + c/2, and the outer ones are zero.
	const half = size / 2
	got := download(be, y)[((half+1)*half+2)*2*c:][:2*c]
	want := download(be, x)[((size+2)*size+4)*c:][:c]
	if got[3+c/2] != want[3] || got[c/2-1] != 0 || got[c/2+c] != 0 {
		t.Errorf("pixel %v is not %v among zeros", got, want)
	}
}

// PoolAndLinear tests mean pooling and the fully connected layer.
func PoolAndLinear(t *testing.T, be device.Backend) {
	const in, out, pixels, n = 16, 5, 4, 18
	r := rand.New(rand.NewPCG(9, 10))
	image := random(r, n*pixels*in)
	x, dimage := be.New(n*in), be.New(n*pixels*in)
	be.Run(n, device.Stage{be.MeanPool(x, upload(be, image), in, pixels)})
	want := make([]float64, n*in)
	for i, v := range image {
		want[i/(pixels*in)*in+i%in] += float64(v) / pixels
	}
	near(t, "mean", download(be, x), want, 1e-6)
	g := random(r, n*in)
	be.Run(n, device.Stage{be.MeanPoolGrad(dimage, upload(be, g), in, pixels)})
	spread := make([]float64, n*pixels*in)
	for i := range spread {
		spread[i] = float64(g[i/(pixels*in)*in+i%in]) / pixels
	}
	near(t, "mean's gradient", download(be, dimage), spread, 1e-6)

	l := be.Linear(in, out, n)
	xs, w, bias := download(be, x), random(r, in*out), random(r, out)
	xDot, wDot, bDot := random(r, n*in), random(r, in*out), random(r, out)
	dy, dyDot := random(r, n*out), random(r, n*out)
	product := func(x, w, bias []float64) []float64 {
		y := make([]float64, n*out)
		for i := range y {
			y[i] = bias[i%out]
			for k := range in {
				y[i] += x[i/out*in+k] * w[i%out*in+k]
			}
		}
		return y
	}
	gradient := func(dy, x, w []float64) [][]float64 {
		dx, dw, db := make([]float64, n*in), make([]float64, in*out), make([]float64, out)
		for i, g := range dy {
			db[i%out] += g
			for k := range in {
				dx[i/out*in+k] += g * w[i%out*in+k]
				dw[i%out*in+k] += g * x[i/out*in+k]
			}
		}
		return [][]float64{dx, dw, db}
	}
	x64, w64, b64, dy64 := float64s(xs), float64s(w), float64s(bias), float64s(dy)
	xd, wd, bd, dyd := float64s(xDot), float64s(wDot), float64s(bDot), float64s(dyDot)
	y := be.New(n * out)
	bx, bw := upload(be, xs), upload(be, w)
	be.Run(n, device.Stage{l.Forward(y, bx, bw, upload(be, bias))})
	near(t, "linear", download(be, y), product(x64, w64, b64), 1e-5)
	be.Run(n, device.Stage{l.ForwardTangent(y, bx, upload(be, xDot), bw, upload(be, wDot), upload(be, bDot))})
	near(t, "linear's tangent", download(be, y), central(func(h float64) []float64 {
		return product(along(x64, xd, h), along(w64, wd, h), along(b64, bd, h))
	}), 1e-5)
	results := []device.Buffer{be.New(n * in), be.New(in * out), be.New(out)}
	be.Run(n, device.Stage{l.Backward(results[0], results[1], results[2], upload(be, dy), bx, bw)})
	for i, want := range gradient(dy64, x64, w64) {
		near(t, fmt.Sprintf("linear's gradient %d", i), download(be, results[i]), want, 1e-5)
	}
	be.Run(n, device.Stage{l.BackwardTangent(results[0], results[1], results[2], upload(be, dy), upload(be, dyDot), bx, upload(be, xDot), bw, upload(be, wDot))})
	for i := range results {
		near(t, fmt.Sprintf("linear's gradient tangent %d", i), download(be, results[i]), central(func(h float64) []float64 {
			return gradient(along(dy64, dyd, h), along(x64, xd, h), along(w64, wd, h))[i]
		}), 1e-5)
	}
}

// CrossEntropy tests the loss and its derivatives, by differences.
func CrossEntropy(t *testing.T, be device.Backend) {
	const classes, n = 7, 19
	r := rand.New(rand.NewPCG(11, 12))
	z, zDot, targets := random(r, n*classes), random(r, n*classes), random(r, n*classes)
	for i := range targets {
		targets[i] = float32(math.Abs(float64(targets[i]))) // any weights, not only one-hot
	}
	z64, t64 := float64s(z), float64s(targets)
	losses := func(z []float64) []float64 {
		l := make([]float64, n)
		for i := range l {
			var sum float64
			for k := range classes {
				sum += math.Exp(z[i*classes+k])
			}
			for k := range classes {
				l[i] -= t64[i*classes+k] * (z[i*classes+k] - math.Log(sum))
			}
		}
		return l
	}
	grad := func(z []float64) []float64 {
		g := make([]float64, n*classes)
		for i := range g {
			unit := make([]float64, len(z))
			unit[i] = 1
			g[i] = central(func(h float64) []float64 { return losses(along(z, unit, h)) })[i/classes] / n
		}
		return g
	}
	loss, dz, dzDot := be.New(n), be.New(n*classes), be.New(n*classes)
	bz, bt := upload(be, z), upload(be, targets)
	be.Run(n, device.Stage{be.CrossEntropy(loss, dz, bz, bt, classes), be.CrossEntropyTangent(dzDot, upload(be, zDot), bz, bt, classes)})
	near(t, "loss", download(be, loss), losses(z64), 1e-6)
	near(t, "gradient", download(be, dz), grad(z64), 1e-5)
	want := central(func(h float64) []float64 {
		// The analytic gradient p·Σt − t, checked above.
		g := make([]float64, n*classes)
		at := along(z64, float64s(zDot), h)
		for i := range n {
			var sum, total float64
			for k := range classes {
				sum += math.Exp(at[i*classes+k])
				total += t64[i*classes+k]
			}
			for k := range classes {
				g[i*classes+k] = (total*math.Exp(at[i*classes+k])/sum - t64[i*classes+k]) / n
			}
		}
		return g
	})
	near(t, "gradient tangent", download(be, dzDot), want, 1e-5)
}

// Load tests that images are cropped, then mirrored.
func Load(t *testing.T, be device.Backend) {
	const size = 4
	pixels := make([]byte, 2*size*size*3)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	set := &device.Images{Pixels: pixels, Size: size, Mean: [3]float32{.1, .2, .3}, Std: [3]float32{.5, .25, .125}}
	picks := []device.Pick{{Index: 1}, {Index: 0, Flip: true}, {Index: 0, DY: 1, DX: -2}, {Index: 1, DY: -3, DX: 1, Flip: true},
		{Index: 1, DX: 3}, {Index: 1, DX: -1, Flip: true}, {Index: 0, DX: 5}, {Index: 1, DX: -4, Flip: true}, {Index: 0, DY: 4}}
	dst := be.New(len(picks) * size * size * 3)
	l := be.Load(dst, set)
	l.Set(picks)
	be.Run(len(picks), device.Stage{l.Op()})
	want := make([]float64, 0, dst.Len())
	for _, p := range picks {
		for y := range size {
			for x := range size {
				if p.Flip {
					x = size - 1 - x
				}
				for c := range 3 {
					sy, sx, v := y+int(p.DY), x+int(p.DX), 0.0
					if sy >= 0 && sx >= 0 && sy < size && sx < size {
						raw := pixels[((int(p.Index)*size+sy)*size+sx)*3+c]
						v = (float64(raw)/255 - float64(set.Mean[c])) / float64(set.Std[c])
					}
					want = append(want, v)
				}
			}
		}
	}
	near(t, "images", download(be, dst), want, 1e-6)
}
