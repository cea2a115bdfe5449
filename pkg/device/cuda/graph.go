//go:build cuda

package cuda

import (
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"srn/pkg/device/cuda/driver"
)

const (
	// graphLaunches is the shortest sequence that is made a graph: launching one
	// costs the host as much as some kernels.
	graphLaunches = 8
	// mostGraphs are kept. A training run has some five, with evaluation.
	mostGraphs = 32
)

// graphs remembers sequences of launches. One that comes again is made a CUDA
// graph, which the driver launches by one call; arguments that differ, such as a
// learning rate or the number of a step, are changed in the graph before.
//
// A graph is a chain, so that it computes what its launches one by one do, in
// their order. Where the driver does not take one, because it is older than CUDA
// 10.1 or for any other reason, launches go on one by one for good: what is wrong
// with the device comes out there.
type graphs struct {
	known    []*graph // the latest used comes first
	off      bool
	changed  []int // launches whose arguments differ from those of the graph at hand
	launched int   // graphs so far
	updated  int   // launches whose arguments were changed, so far
}

// graph is a sequence that was seen, and once it was seen again how it is launched.
type graph struct {
	sequence
	made *driver.Graph
}

// replay launches a sequence as a graph, or reports that it did not.
func (g *graphs) replay(q *sequence) bool {
	if g.off || len(q.list) < graphLaunches {
		return false
	}
	known := g.find(q)
	if known == nil {
		g.remember(q)
		return false
	}
	if known.made == nil {
		g.changed = g.changed[:0]
		copy(known.arguments, q.arguments)
		known.made = known.build()
	}
	if known.made == nil || !g.update(known, q) || !known.made.Launch() {
		g.off = true
		return false
	}
	g.launched++
	return true
}

// find returns what is known of a sequence and moves it to the front, or nil.
func (g *graphs) find(q *sequence) *graph {
	for i, k := range g.known {
		if g.fits(k, q) {
			copy(g.known[1:i+1], g.known[:i])
			g.known[0] = k
			return k
		}
	}
	return nil
}

// fits reports whether a sequence has a graph's kernels and most of its
// arguments, and leaves the launches that differ in changed.
func (g *graphs) fits(k *graph, q *sequence) bool {
	if len(k.list) != len(q.list) {
		return false
	}
	g.changed = g.changed[:0]
	for i := range q.list {
		if k.list[i] != q.list[i] {
			return false
		}
		if slices.Equal(k.of(&k.list[i]), q.of(&q.list[i])) {
			continue
		}
		if g.changed = append(g.changed, i); len(g.changed) > len(q.list)/4 {
			return false
		}
	}
	return true
}

// remember keeps a sequence in place of the one that was not used for longest.
func (g *graphs) remember(q *sequence) {
	k := &graph{}
	if len(g.known) < mostGraphs {
		g.known = append(g.known, k)
	} else {
		k = g.known[mostGraphs-1]
		if k.made != nil {
			cu.Synchronize() // it may still run; an error comes again at the next launch
			k.made.Destroy()
			k.made = nil
		}
	}
	copy(g.known[1:], g.known)
	g.known[0] = k
	k.list, k.arguments = append(k.list[:0], q.list...), append(k.arguments[:0], q.arguments...)
}

func (k *graph) build() *driver.Graph {
	made := driver.NewGraph()
	for i := range k.list {
		made.Add(k.launch(i))
	}
	if !made.Instantiate() {
		made.Destroy()
		return nil
	}
	return made
}

// update changes a graph's arguments to those of a sequence that it fits.
func (g *graphs) update(k *graph, q *sequence) bool {
	for _, i := range g.changed {
		n := &k.list[i]
		copy(k.of(n), q.of(n))
		if !k.made.Set(i, k.launch(i)) {
			return false
		}
		g.updated++
	}
	return true
}

// launch is one of the graph's launches as the driver takes it.
func (k *graph) launch(i int) driver.Launch {
	n := &k.list[i]
	return driver.Launch{Function: *(*unsafe.Pointer)(unsafe.Pointer(&n.function)), // CUfunction
		Grid: n.grid, Block: n.block, Shared: n.shared, Arguments: k.of(n)}
}

// destroy gives back all graphs, of which none may run.
func (g *graphs) destroy() {
	for _, k := range g.known {
		if k.made != nil {
			k.made.Destroy()
		}
	}
	g.known = nil
}
