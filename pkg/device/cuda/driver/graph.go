//go:build cuda

package driver

/*
#include <stddef.h>
#include <stdint.h>

// The driver's functions of CUDA 10.0 and 10.1, which every later one keeps
// beside those that cuda.h of CUDA 12 calls by their names. cu has none that
// instantiates, changes or launches a graph.
struct kernel {
	void *function;
	unsigned grid[3], block[3], shared;
	void **arguments, **extra;
};
#define hidden __attribute__((visibility("hidden")))
hidden int cuGraphCreate(void **graph, unsigned flags);
hidden int cuGraphAddKernelNode(void **node, void *graph, void *const *after, size_t count, const struct kernel *);
hidden int cuGraphInstantiate(void **executable, void *graph, void **culprit, char *log, size_t bytes);
hidden int cuGraphExecKernelNodeSetParams(void *executable, void *node, const struct kernel *);
hidden int cuGraphLaunch(void *executable, void *stream);
hidden int cuGraphExecDestroy(void *executable);
hidden int cuGraphDestroy(void *graph);

enum { graph_success = 0, most_arguments = 128 };

// set adds a kernel to a graph after another node, if that is one, or changes a
// node of an executable graph. Arguments are copied by the driver.
static int set(void *executable, void *graph, void *after, void **node, void *function, unsigned gx, unsigned gy, unsigned gz,
	unsigned bx, unsigned by, unsigned bz, unsigned shared, uint64_t *arguments, int count) {
	void *pointers[most_arguments];
	for (int i = 0; i < count; i++)
		pointers[i] = arguments + i;
	struct kernel k = {function, {gx, gy, gz}, {bx, by, bz}, shared, pointers, NULL};
	if (executable)
		return cuGraphExecKernelNodeSetParams(executable, *node, &k);
	return cuGraphAddKernelNode(node, graph, &after, after != NULL, &k);
}

static int create(void **graph) { return cuGraphCreate(graph, 0); }
static int instantiate(void **executable, void *graph) { return cuGraphInstantiate(executable, graph, NULL, NULL, 0); }
static int launch_graph(void *executable) { return cuGraphLaunch(executable, NULL); }
static void destroy(void *executable, void *graph) {
	if (executable)
		cuGraphExecDestroy(executable);
	if (graph)
		cuGraphDestroy(graph);
}
*/
import "C"

import "unsafe"

// Graph is a chain of kernels that the driver launches by one call, in the
// default stream. Its methods need the thread that has the context.
type Graph struct {
	graph, executable unsafe.Pointer
	nodes             []unsafe.Pointer
	failed            bool
}

// Launch is a kernel with its arguments, a slot of 8 bytes for each parameter.
type Launch struct {
	Function    unsafe.Pointer // CUfunction
	Grid, Block [3]int
	Shared      int // bytes of dynamic shared memory
	Arguments   []uint64
}

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	g := &Graph{}
	g.failed = C.create(&g.graph) != C.graph_success
	return g
}

// Add adds a kernel that is launched after those before it.
func (g *Graph) Add(l Launch) {
	if g.failed {
		return
	}
	var after, node unsafe.Pointer
	if n := len(g.nodes); n > 0 {
		after = g.nodes[n-1]
	}
	g.failed = !set(nil, g.graph, after, &node, l)
	g.nodes = append(g.nodes, node)
}

// Instantiate makes the graph ready to launch. It reports whether the driver
// has taken it and all that was added.
func (g *Graph) Instantiate() bool {
	g.failed = g.failed || C.instantiate(&g.executable, g.graph) != C.graph_success
	return !g.failed
}

// Set changes the arguments of the kernel that was added as number i for
// launches to come. It reports whether the driver has taken them.
func (g *Graph) Set(i int, l Launch) bool {
	return set(g.executable, nil, nil, &g.nodes[i], l)
}

// Launch puts the graph into the stream. It reports whether the driver has taken it.
func (g *Graph) Launch() bool { return C.launch_graph(g.executable) == C.graph_success }

// Destroy gives the graph back. It must not run any more.
func (g *Graph) Destroy() { C.destroy(g.executable, g.graph) }

func set(executable, graph, after unsafe.Pointer, node *unsafe.Pointer, l Launch) bool {
	if len(l.Arguments) > C.most_arguments {
		return false
	}
	u := func(v int) C.uint { return C.uint(v) }
	return C.set(executable, graph, after, node, l.Function, u(l.Grid[0]), u(l.Grid[1]), u(l.Grid[2]),
		u(l.Block[0]), u(l.Block[1]), u(l.Block[2]), u(l.Shared),
		(*C.uint64_t)(unsafe.SliceData(l.Arguments)), C.int(len(l.Arguments))) == C.graph_success
}
