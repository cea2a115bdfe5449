// Package surrogatetest is what tests of surrogates, of guidance and of
// meta-training share: small surrogates, and a dictionary in float64.
package surrogatetest

import (
	"math"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/rng"
	"srn/pkg/srn/surrogate"
)

// Backend is a CPU that closes when the test ends.
func Backend(t testing.TB, threads int) device.Backend {
	be := cpu.New(threads, kernels.Best())
	t.Cleanup(be.Close)
	return be
}

// Small is the default surrogate made small, with changes.
func Small(change func(*surrogate.Config)) surrogate.Config {
	c := surrogate.DefaultConfig()
	c.Channels, c.Kernel = []int{32, 16}, 5
	if change != nil {
		change(&c)
	}
	return c
}

// Layout is that of a small network.
func Layout() nn.Layout {
	var l nn.Layout
	l.Add("conv1.weight", 4, 3, 3, 3)
	l.Add("bn1.weight", 4)
	l.Add("bn1.bias", 4)
	l.Add("conv2.weight", 4, 4, 3, 3)
	l.Add("linear.weight", 3, 4)
	return l
}

// Random draws a normal vector.
func Random(be device.Backend, n int, stream string) (device.Buffer, []float32) {
	r := rng.New(1, rng.Stream(stream))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	b := be.New(n)
	be.Write(b, v)
	return b, v
}

// AwayFromKinks gives a surrogate biases that keep every ReLU far from where
// it switches, so that differences mean something (the gradient is not
// continuous there), and a head argument where heads bend. It returns φ.
func AwayFromKinks(s *surrogate.Scorer, params device.Buffer) []float32 {
	phi := s.Phi()
	for _, p := range s.Layout() {
		if p.Name != "linear.bias" && strings.HasSuffix(p.Name, ".bias") {
			size := float32(4)
			if !strings.Contains(p.Name, "1") {
				size = 12
			}
			for i := range p.Len() {
				phi[p.Offset+i] = size
				if i%3 == 0 { // off
					phi[p.Offset+i] = -size
				}
			}
		}
	}
	s.SetPhi(phi)
	if s.Head != "mean" {
		phi[len(phi)-1] += float32(0.4 - s.Value(params).U)
		s.SetPhi(phi)
	}
	return phi
}

// Reference64 is a dictionary's guidance in float64.
func Reference64(phi []float64, target []int, theta, grad, velocity, start, average []float64) []float64 {
	h := make([]float64, len(theta))
	at := 0
	for l, n := range target {
		f := make([][]float64, 5)
		square := 0.0
		for i := at; i < at+n; i++ {
			f[0] = append(f[0], theta[i])
			f[1] = append(f[1], theta[i]-start[i])
			f[2] = append(f[2], theta[i]-average[i])
			f[3] = append(f[3], theta[i]/math.Sqrt(math.Abs(theta[i])+1e-4))
			f[4] = append(f[4], velocity[i])
			square += grad[i] * grad[i]
		}
		for k, v := range f {
			if r := RMS(v); r > 0 {
				for i, x := range v {
					h[at+i] += math.Sqrt(square/float64(n)) * phi[5*l+k] * x / r
				}
			}
		}
		at += n
	}
	return h
}

// Sizes are the lengths of the tensors that a dictionary guides.
func Sizes(d *surrogate.Dictionary) []int {
	var n []int
	for _, t := range d.Target() {
		n = append(n, t.Len())
	}
	return n
}

// Wide is v in float64.
func Wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// RMS is the root mean square.
func RMS(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}
