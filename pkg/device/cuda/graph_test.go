//go:build cuda

package cuda

import (
	"slices"
	"strings"
	"testing"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// trained returns all that some epochs of training leave, whose last batch is
// smaller and whose learning rate changes, with evaluations and Hessian-vector
// products between, and what the stream has done.
func trained(t *testing.T, b *Backend) ([]float32, counts) {
	net, err := resnet.New(b, resnet.Config{Arch: "resnet8", Classes: 10, Batch: 3, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	net.Init(0)
	pixels := make([]byte, 8*32*32*3)
	for i := range pixels {
		pixels[i] = byte(i * i)
	}
	loader := net.Loader(&device.Images{Pixels: pixels, Size: 32, Std: [3]float32{1, 1, 1}})
	n := net.Params().Len()
	velocity, v, hv := b.New(n), b.New(n), b.New(n)
	targets := make([]float32, net.Targets().Len())
	tally := b.Tally(device.Figures{Loss: net.Loss(), Logits: net.Logits(), Labels: b.New(3), Classes: 10,
		Gradient: net.Grad(), Made: []device.Buffer{net.Params(), net.Running()}})
	var all []float32
	read := func(x device.Buffer) {
		host := make([]float32, x.Len())
		b.Read(host, x)
		all = append(all, host...)
	}
	step := 0
	for epoch := range 4 {
		for _, images := range []int{3, 3, 2} {
			step++
			clear(targets)
			picks := make([]device.Pick, images)
			for i := range picks {
				picks[i] = device.Pick{Index: int32((3*step + i) % 8), DY: int8(step%3 - 1), Flip: step%2 == 0}
				targets[10*i+(step+i)%10] = 1
			}
			b.Write(net.Targets(), targets)
			loader.Set(picks)
			b.Run(images, device.Stage{loader.Op()})
			net.Forward(images, nn.Train)
			net.CrossEntropy(images)
			net.Backward(images)
			b.SGD(net.Params(), velocity, net.Grad(), 0.1/float32(step), 0.9, 1e-4)
			net.Load()
			tally.Add(step, images)
		}
		b.Run(2, device.Stage{loader.Op()})
		net.Forward(2, nn.Eval)
		read(net.Logits())
		net.Forward(2, nn.TrainFrozen)
		net.CrossEntropy(2)
		net.Backward(2)
		for range 3 {
			b.Fill(v, float32(epoch))
			net.HVP(2, v, hv)
			read(hv)
		}
	}
	read(net.Params())
	read(net.Running())
	sums, _, _ := tally.Read()
	return append(all, float32(sums.Loss), float32(sums.GradNorm)), b.counts()
}

// Graphs compute the bits that the same launches compute one by one, and a driver
// that has no graphs, or cannot change them, serves as well.
func TestGraphsAreExact(t *testing.T) {
	got, with := trained(t, open(t))
	if with.graphs < 20 || with.updated < 10 || with.alone > with.launches/2 {
		t.Errorf("%+v: few graphs", with)
	}
	emulated(t, "SRN_EMULATOR_DRIVER", "10000")
	want, without := trained(t, open(t))
	if without.launches != with.launches || without.alone < without.launches*3/4 {
		t.Errorf("%+v without graphs, %+v with them", without, with)
	}
	if !slices.Equal(got, want) {
		t.Error("graphs give other numbers")
	}
	t.Logf("%+v with graphs, %+v without", with, without)
}

// chain puts a batch of count launches into the stream, whose order matters:
// x is doubled, 1 is added, x is divided by 4, all of it times 4 and divided by 4, and so on.
func chain(b *Backend, x, one *buffer, count int) {
	for i := range count {
		from, a := x, float32(1)
		switch i % 6 {
		case 1:
			from = one
		case 2, 5:
			a = -0.75
		}
		b.now(kernels.Axpy(x.at, a, from.at, x.n))
	}
	b.stream.submit()
}

// More sequences than are kept, in turns and again, are launched in their order.
func TestGraphsInTurns(t *testing.T) {
	b := open(t)
	x, one := b.new(300), b.new(300)
	b.Fill(one, 1)
	b.Wait()
	want := float32(0)
	run := func(count int) {
		chain(b, x, one, count)
		for i := range count {
			w := float64(want)
			want = float32([]float64{2 * w, w + 1, w / 4, 2 * w, 2 * w, w / 4}[i%6])
		}
	}
	for range 3 { // the second time but for graphLaunches all are new again
		for count := graphLaunches; count < graphLaunches+mostGraphs; count++ {
			run(count)
		}
		for range 3 {
			run(graphLaunches)
			run(2 * mostGraphs)
		}
	}
	got := make([]float32, x.n)
	b.Read(got, x)
	for _, v := range got {
		if v != want {
			t.Fatalf("%g, want %g", v, want)
		}
	}
	if c := b.counts(); c.graphs != 5+6+6 || len(b.stream.graphs.known) != mostGraphs {
		t.Errorf("%+v, %d sequences kept", c, len(b.stream.graphs.known))
	}
}

// What goes wrong within a graph is the error that a launch by itself gives.
func TestFailuresInGraphs(t *testing.T) {
	fails := func(t *testing.T, work func(b *Backend, x, one *buffer), want string) {
		b := open(t)
		x, one := b.new(300), b.new(300)
		for range 3 {
			chain(b, x, one, 2*graphLaunches)
		}
		if c := b.counts(); c.graphs != 2 {
			t.Fatalf("%+v, want 2 graphs", c)
		}
		defer func() {
			failure, ok := recover().(*device.Failure)
			if !ok || !strings.Contains(failure.Err.Error(), want) {
				t.Errorf("%v, want %q", failure, want)
			}
		}()
		work(b, x, one)
		b.Wait()
		t.Errorf("no error, %+v", b.counts())
	}
	t.Run("kernel", func(t *testing.T) {
		emulated(t, "SRN_EMULATOR_ORDER", "forward")
		fails(t, func(b *Backend, x, one *buffer) {
			chain(b, x, &buffer{4096, one.n}, 2*graphLaunches)
		}, "the device failed: IllegalAddress")
	})
	t.Run("lost", func(t *testing.T) {
		emulated(t, "SRN_EMULATOR_LOST_AFTER", "55")
		fails(t, func(b *Backend, x, one *buffer) { chain(b, x, one, 2*graphLaunches) }, "the device failed: Unknown")
	})
}

// What it takes the host to find a step of ResNet-20 among what is kept. -bench
// shows it; no device is needed.
func BenchmarkFindGraph(b *testing.B) {
	sequenceOf := func(launches int) *sequence {
		q := &sequence{}
		for i := range launches {
			first := len(q.arguments)
			q.arguments = append(q.arguments, make([]uint64, 20)...)
			q.arguments[first] = uint64(i)
			q.list = append(q.list, node{grid: [3]int{i, 1, 1}, block: [3]int{128, 1, 1}, first: first, last: len(q.arguments)})
		}
		return q
	}
	g := &graphs{}
	for i := range mostGraphs {
		g.remember(sequenceOf(215 - mostGraphs + 1 + i))
	}
	q := sequenceOf(215)
	for b.Loop() {
		if g.find(q) == nil {
			b.Fatal("not found")
		}
	}
}
