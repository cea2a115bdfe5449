package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// float64s widens.
func float64s(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// normalise is batch normalisation in float64: z = γ·(y−μ)/σ + β, with the
// batch's statistics.
func normalise(y, gamma, beta []float64, c int) []float64 {
	count := float64(len(y) / c)
	z := make([]float64, len(y))
	for k := range c {
		var mean, variance float64
		for i := k; i < len(y); i += c {
			mean += y[i] / count
		}
		for i := k; i < len(y); i += c {
			variance += (y[i] - mean) * (y[i] - mean) / count
		}
		sigma := math.Sqrt(variance + 1e-5)
		for i := k; i < len(y); i += c {
			z[i] = gamma[k]*(y[i]-mean)/sigma + beta[k]
		}
	}
	return z
}

// normaliseGrad is its gradient for a given gradient in z.
func normaliseGrad(dz, y, gamma []float64, c int) (dy, dgamma, dbeta []float64) {
	count := float64(len(y) / c)
	ones, zeros := make([]float64, c), make([]float64, c)
	for k := range ones {
		ones[k] = 1
	}
	xhat := normalise(y, ones, zeros, c)
	dy, dgamma, dbeta = make([]float64, len(y)), make([]float64, c), make([]float64, c)
	for k := range c {
		var mean, variance float64
		for i := k; i < len(y); i += c {
			dbeta[k] += dz[i]
			dgamma[k] += dz[i] * xhat[i]
			mean += y[i] / count
		}
		for i := k; i < len(y); i += c {
			variance += (y[i] - mean) * (y[i] - mean) / count
		}
		sigma := math.Sqrt(variance + 1e-5)
		for i := k; i < len(y); i += c {
			dy[i] = gamma[k] / sigma * (dz[i] - (dbeta[k]+xhat[i]*dgamma[k])/count)
		}
	}
	return dy, dgamma, dbeta
}

// along returns v + h·vDot.
func along(v, vDot []float64, h float64) []float64 {
	w := make([]float64, len(v))
	for i := range v {
		w[i] = v[i] + h*vDot[i]
	}
	return w
}

// central is the central difference of f at 0.
func central(f func(h float64) []float64) []float64 {
	const h = 1e-5
	a, b := f(h), f(-h)
	for i := range a {
		a[i] = (a[i] - b[i]) / (2 * h)
	}
	return a
}

func TestBatchNorm(t *testing.T) {
	const c, pixels, n = 16, 12, 21
	eachBackend(t, func(t *testing.T, b *Backend) {
		r := rand.New(rand.NewPCG(2, 3))
		y, yDot, dz, dzDot := random(r, n*pixels*c), random(r, n*pixels*c), random(r, n*pixels*c), random(r, n*pixels*c)
		gamma, gammaDot, beta, betaDot := random(r, c), random(r, c), random(r, c), random(r, c)
		for i := range y {
			y[i] = 2*y[i] + 3 // statistics that matter
		}
		bn := b.BatchNorm(c, pixels, n)
		by, byDot, bdz, bdzDot := b.upload(y), b.upload(yDot), b.upload(dz), b.upload(dzDot)
		bg, bgDot, bb, bbDot := b.upload(gamma), b.upload(gammaDot), b.upload(beta), b.upload(betaDot)
		mean, variance := b.New(c), b.New(c)
		out := b.New(n * pixels * c)
		dgamma, dbeta := b.New(c), b.New(c)
		stored := func(o device.Operand) []float32 {
			b.Run(n, device.Stage{b.Combine(out, o, c, pixels)})
			return b.download(out)
		}
		y64, yDot64, dz64, dzDot64 := float64s(y), float64s(yDot), float64s(dz), float64s(dzDot)
		g64, gDot64, b64, bDot64 := float64s(gamma), float64s(gammaDot), float64s(beta), float64s(betaDot)

		b.Run(n, device.Stage{bn.Train(by, bg, bb, mean, variance)})
		near(t, "activation", stored(device.Operand{Src: []device.Buffer{by}, Coef: bn.Coef()}), normalise(y64, g64, b64, c), 1e-5)
		b.Run(n, device.Stage{bn.Tangent(byDot, by, bgDot, bbDot)})
		near(t, "activation tangent", stored(device.Operand{Src: []device.Buffer{byDot, by}, Coef: bn.TangentCoef()}),
			central(func(h float64) []float64 {
				return normalise(along(y64, yDot64, h), along(g64, gDot64, h), along(b64, bDot64, h), c)
			}), 2e-5)

		wantY, wantGamma, wantBeta := normaliseGrad(dz64, y64, g64, c)
		b.Run(n, device.Stage{bn.Backward(dgamma, dbeta, bdz, by)})
		near(t, "gradient", stored(device.Operand{Src: []device.Buffer{bdz, by}, Coef: bn.GradCoef()}), wantY, 2e-5)
		near(t, "gradient of γ", b.download(dgamma), wantGamma, 2e-5)
		near(t, "gradient of β", b.download(dbeta), wantBeta, 2e-5)

		b.Run(n, device.Stage{bn.BackwardTangent(dgamma, dbeta, bdz, bdzDot, by, byDot)})
		part := func(which int) []float64 {
			return central(func(h float64) []float64 {
				dy, dg, db := normaliseGrad(along(dz64, dzDot64, h), along(y64, yDot64, h), along(g64, gDot64, h), c)
				return [][]float64{dy, dg, db}[which]
			})
		}
		near(t, "gradient tangent", stored(device.Operand{Src: []device.Buffer{bdz, bdzDot, by, byDot}, Coef: bn.GradTangentCoef()}), part(0), 1e-4)
		near(t, "gradient tangent of γ", b.download(dgamma), part(1), 1e-4)
		near(t, "gradient tangent of β", b.download(dbeta), part(2), 1e-4)

		// With running statistics the normalisation is affine.
		b.Run(n, device.Stage{bn.Eval(bg, bb, mean, variance), bn.Tangent(byDot, by, bgDot, bbDot)})
		m, v := b.download(mean), b.download(variance)
		affine := func(h float64) []float64 {
			z := along(y64, yDot64, h)
			for i := range z {
				k := i % c
				z[i] = (g64[k]+h*gDot64[k])*(z[i]-float64(m[k]))/math.Sqrt(float64(v[k])+1e-5) + b64[k] + h*bDot64[k]
			}
			return z
		}
		near(t, "evaluation", stored(device.Operand{Src: []device.Buffer{by}, Coef: bn.Coef()}), affine(0), 1e-5)
		near(t, "evaluation tangent", stored(device.Operand{Src: []device.Buffer{byDot, by}, Coef: bn.TangentCoef()}), central(affine), 2e-5)
	})
}

func TestCombineMasksAndResidual(t *testing.T) {
	const c, pixels, n = 32, 9, 5
	eachBackend(t, func(t *testing.T, b *Backend) {
		r := rand.New(rand.NewPCG(5, 6))
		x, y, coef := random(r, n*pixels*c), random(r, n*pixels*c), random(r, 3*c)
		dst := b.New(len(x))
		for _, post := range []device.Post{device.Plain, device.ReLU, device.Mask} {
			b.Run(n, device.Stage{b.Combine(dst, device.Operand{Src: []device.Buffer{b.upload(x), b.upload(y)}, Coef: b.upload(coef),
				Post: post, MaskSrc: b.upload(x), MaskCoef: b.upload(coef)}, c, pixels)})
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
			near(t, fmt.Sprintf("post %d", post), b.download(dst), want, 1e-5)
		}
	})
}

func TestSubsampleAndItsGradientAreAdjoint(t *testing.T) {
	const c, size, n = 16, 8, 3
	b := New(2, kernels.Best())
	defer b.Close()
	r := rand.New(rand.NewPCG(7, 8))
	x, g := b.upload(random(r, n*size*size*c)), b.upload(random(r, n*size*size*c/2))
	y, dx := b.New(g.Len()), b.New(x.Len())
	b.Run(n, device.Stage{b.Subsample(y, x, c, size), b.SubsampleGrad(dx, g, c, size)})
	if a, c := b.Dot(y, g), b.Dot(x, dx); math.Abs(a-c) > 1e-4*math.Abs(a) {
		t.Errorf("⟨Sx, g⟩ = %g but ⟨x, Sᵀg⟩ = %g", a, c)
	}
	// Input pixel (2, 4) of image 1 becomes pixel (1, 2); of its channels,
	// 3 becomes 3 + c/2, and the outer ones are zero.
	const half = size / 2
	got := b.download(y)[((half+1)*half+2)*2*c:][:2*c]
	want := b.download(x)[((size+2)*size+4)*c:][:c]
	if got[3+c/2] != want[3] || got[c/2-1] != 0 || got[c/2+c] != 0 {
		t.Errorf("pixel %v is not %v among zeros", got, want)
	}
}

func TestPoolAndLinear(t *testing.T) {
	const in, out, pixels, n = 16, 5, 4, 18
	b := New(2, kernels.Best())
	defer b.Close()
	r := rand.New(rand.NewPCG(9, 10))
	image := random(r, n*pixels*in)
	x, dimage := b.New(n*in), b.New(n*pixels*in)
	b.Run(n, device.Stage{b.MeanPool(x, b.upload(image), in, pixels)})
	want := make([]float64, n*in)
	for i, v := range image {
		want[i/(pixels*in)*in+i%in] += float64(v) / pixels
	}
	near(t, "mean", b.download(x), want, 1e-6)
	g := random(r, n*in)
	b.Run(n, device.Stage{b.MeanPoolGrad(dimage, b.upload(g), in, pixels)})
	spread := make([]float64, n*pixels*in)
	for i := range spread {
		spread[i] = float64(g[i/(pixels*in)*in+i%in]) / pixels
	}
	near(t, "mean's gradient", b.download(dimage), spread, 1e-6)

	l := b.Linear(in, out, n)
	xs, w, bias := b.download(x), random(r, in*out), random(r, out)
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
	y := b.New(n * out)
	bx, bw := b.upload(xs), b.upload(w)
	b.Run(n, device.Stage{l.Forward(y, bx, bw, b.upload(bias))})
	near(t, "linear", b.download(y), product(x64, w64, b64), 1e-5)
	b.Run(n, device.Stage{l.ForwardTangent(y, bx, b.upload(xDot), bw, b.upload(wDot), b.upload(bDot))})
	near(t, "linear's tangent", b.download(y), central(func(h float64) []float64 {
		return product(along(x64, xd, h), along(w64, wd, h), along(b64, bd, h))
	}), 1e-5)
	results := []device.Buffer{b.New(n * in), b.New(in * out), b.New(out)}
	b.Run(n, device.Stage{l.Backward(results[0], results[1], results[2], b.upload(dy), bx, bw)})
	for i, want := range gradient(dy64, x64, w64) {
		near(t, fmt.Sprintf("linear's gradient %d", i), b.download(results[i]), want, 1e-5)
	}
	b.Run(n, device.Stage{l.BackwardTangent(results[0], results[1], results[2], b.upload(dy), b.upload(dyDot), bx, b.upload(xDot), bw, b.upload(wDot))})
	for i := range results {
		near(t, fmt.Sprintf("linear's gradient tangent %d", i), b.download(results[i]), central(func(h float64) []float64 {
			return gradient(along(dy64, dyd, h), along(x64, xd, h), along(w64, wd, h))[i]
		}), 1e-5)
	}
}

func TestCrossEntropy(t *testing.T) {
	const classes, n = 7, 19
	b := New(2, kernels.Best())
	defer b.Close()
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
	loss, dz, dzDot := b.New(n), b.New(n*classes), b.New(n*classes)
	bz, bt := b.upload(z), b.upload(targets)
	b.Run(n, device.Stage{b.CrossEntropy(loss, dz, bz, bt, classes), b.CrossEntropyTangent(dzDot, b.upload(zDot), bz, bt, classes)})
	near(t, "loss", b.download(loss), losses(z64), 1e-6)
	near(t, "gradient", b.download(dz), grad(z64), 1e-5)
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
	near(t, "gradient tangent", b.download(dzDot), want, 1e-5)
}

func TestLoaderCropsThenMirrors(t *testing.T) {
	const size = 4
	pixels := make([]byte, 2*size*size*3)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	set := &device.Images{Pixels: pixels, Size: size, Mean: [3]float32{.1, .2, .3}, Std: [3]float32{.5, .25, .125}}
	b := New(2, kernels.Best())
	defer b.Close()
	dst := b.New(3 * size * size * 3)
	l := b.Load(dst, set)
	picks := []device.Pick{{Index: 1}, {Index: 0, DY: 1, DX: -2}, {Index: 1, DY: -3, DX: 1, Flip: true}}
	l.Set(picks)
	b.Run(len(picks), device.Stage{l.Op()})
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
	near(t, "images", b.download(dst), want, 1e-6)
}
