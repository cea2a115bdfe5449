//go:build cuda

package cuda

import (
	"testing"

	"gorgonia.org/cu"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/resnet"
	"srn/pkg/srn/meta"
)

// work is what a network does on a batch.
type work struct {
	name string
	run  func()
}

// steps plans a network with its velocity and a loader, and returns a training
// step as package train takes it, an evaluation and a Hessian-vector product.
func steps(t *testing.T, b *Backend, arch string) []work {
	const images = 3
	net, err := resnet.New(b, resnet.Config{Arch: arch, Classes: 10, Batch: images, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	net.Init(0)
	loader := net.Loader(&device.Images{Pixels: make([]byte, images*32*32*3), Size: 32, Std: [3]float32{1, 1, 1}})
	loader.Set([]device.Pick{{}, {Index: 1}, {Index: 2, DY: 1, Flip: true}})
	load := device.Stage{loader.Op()}
	velocity, v, hv := b.New(net.Params().Len()), b.New(net.Params().Len()), b.New(net.Params().Len())
	b.Fill(v, 1)
	targets := make([]float32, net.Targets().Len())
	labels, losses := make([]float32, images), make([]float32, images)
	figures := device.Figures{Loss: net.Loss(), Logits: net.Logits(), Labels: b.New(images), Classes: 10,
		Gradient: net.Grad(), Made: []device.Buffer{net.Params(), net.Running()}}
	tally, blend, step := b.Tally(figures), b.Blend(), 0
	whole := make([]float32, v.Len())
	pass := func() {
		net.Forward(images, nn.Train)
		net.CrossEntropy(images)
		net.Backward(images)
	}
	return []work{
		{"training step", func() {
			b.Write(net.Targets(), targets)
			b.Write(figures.Labels, labels)
			b.Run(images, load)
			pass()
			b.SGD(net.Params(), velocity, net.Grad(), 0.1, 0.9, 0)
			net.Load()
			step++
			tally.Add(step, images)
			tally.Fault()
		}},
		{"arithmetic on vectors", func() {
			b.Copy(hv, v)
			b.Fill(hv, 1)
			b.Scale(hv, 0.5)
			b.Axpy(hv, float32(b.Dot(v, hv)), v)
			blend.Add(hv, v, 3, 0.5, 0)
			b.Write(hv, whole) // in more than one batch of commands
			b.Read(whole, hv)
			tally.Read()
		}},
		{"evaluation", func() {
			b.Run(images, load)
			net.Forward(images, nn.Eval)
			b.Read(losses, net.Loss())
		}},
		{"loss, gradient and Hessian-vector product", func() {
			pass()
			net.HVP(images, v, hv)
			b.Read(losses, net.Loss())
		}},
	}
}

// counts is what the stream has done.
type counts struct {
	launches int // asked for
	alone    int // not in graphs
	graphs   int
	updated  int // launches of graphs whose arguments were changed
}

func (b *Backend) counts() (c counts) {
	b.stream.do(func() error {
		c = counts{b.stream.launches, b.stream.alone, b.stream.graphs.launched, b.stream.graphs.updated}
		return nil
	})
	return c
}

func (c counts) since(before counts) counts {
	return counts{c.launches - before.launches, c.alone - before.alone, c.graphs - before.graphs, c.updated - before.updated}
}

// Work that was done before takes no more memory of the device nor of the host,
// and launches the same kernels, in a graph. -v shows how many.
func TestSteps(t *testing.T) {
	want := map[string]counts{ // but for launches, which -v shows
		"training step":         {graphs: 1, updated: 1}, // the number of the step
		"arithmetic on vectors": {alone: 9},
		"evaluation":            {graphs: 1},
		"loss, gradient and Hessian-vector product": {graphs: 1},
	}
	for _, arch := range []string{"resnet8", "resnet20"} {
		t.Run(arch, func(t *testing.T) {
			b := open(t)
			free := func() (bytes int64) {
				b.stream.do(func() (err error) { bytes, _, err = cu.MemInfo(); return err })
				return bytes
			}
			for _, w := range steps(t, b, arch) {
				for range 3 { // plan, remember, make a graph
					w.run()
				}
				memory, before := free(), b.counts()
				w.run()
				got := b.counts().since(before)
				w.run()
				if again := b.counts().since(before).since(got); again != got {
					t.Errorf("%s: %+v, then %+v", w.name, got, again)
				}
				if m := free(); m != memory {
					t.Errorf("%s: takes %d bytes of the device each time", w.name, memory-m)
				}
				// The mean over runs, since channels allocate what waits on them once.
				if arch == "resnet8" {
					if n := testing.AllocsPerRun(4, w.run); n != 0 {
						t.Errorf("%s: allocates %v times", w.name, n)
					}
				}
				t.Logf("%s: %d launches, %d of them alone, %d graphs", w.name, got.launches, got.alone, got.graphs)
				if got.launches = 0; got != want[w.name] {
					t.Errorf("%s: %+v, want %+v", w.name, got, want[w.name])
				}
			}
		})
	}
}

// However many inner steps a round of meta-training takes, the host waits as often.
func TestMetaStepsDoNotWait(t *testing.T) {
	b := open(t)
	waits := func(epochs int) int {
		c := meta.Default()
		c.Channels, c.Kernel = []int{16}, 3
		c.Rounds, c.InnerEpochs, c.InnerBatch, c.InnerN, c.OuterN, c.Every = 1, epochs, 2, 4, 4, 100
		c.Resolve("synthetic")
		net, err := resnet.New(b, resnet.Config{Arch: "resnet8", Classes: 2, Batch: 4})
		if err != nil {
			t.Fatal(err)
		}
		loader := net.Loader(&device.Images{Pixels: make([]byte, 8*32*32*3), Size: 32, Std: [3]float32{1, 1, 1}})
		m, err := meta.New(net, meta.Examples{Classes: 2, Labels: []int32{0, 1, 0, 1, 0, 1, 0, 1},
			MetaTrain: []int32{0, 1, 2, 3}, MetaVal: []int32{4, 5, 6, 7}, Feed: func(picks []device.Pick) {
				loader.Set(picks)
				b.Run(len(picks), device.Stage{loader.Op()})
			}}, c)
		if err != nil {
			t.Fatal(err)
		}
		before := b.stream.reads
		if _, err := m.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.stream.reads - before
	}
	if few, many := waits(1), waits(4); few != many {
		t.Errorf("%d times with 2 inner steps, %d times with 8", few, many)
	}
}

// A batch fills up and is handed over in the order in which it was filled.
func TestStreamKeepsOrder(t *testing.T) {
	b := open(t)
	x := b.New(1)
	for i := range 10 * batchLaunches {
		b.Write(x, []float32{float32(i)})
		b.Axpy(x, 1, x)
	}
	got := []float32{0}
	b.Read(got, x)
	if want := float32(2 * (10*batchLaunches - 1)); got[0] != want {
		t.Errorf("%g, want %g", got[0], want)
	}
}
