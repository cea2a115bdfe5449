// Graphs as the driver has them since CUDA 10.0, for chains of kernels.
#include "context.h"
#include <algorithm>
#include <list>
#include <set>

using namespace emulator;

namespace {

struct Node { Launch launch; };

struct Graph { std::list<Node> nodes; };

struct Executable {
	const Graph *of;
	std::vector<Node *> nodes;
	std::vector<Launch> launches;
};

// KernelParameters is CUDA_KERNEL_NODE_PARAMS of CUDA 10 and 11.
struct KernelParameters {
	Function *function;
	Dim grid, block;
	unsigned shared_bytes;
	void **parameters, **extra;

	CUresult make(Launch &l) const { return l.make(function, grid, block, shared_bytes, parameters, extra); }
};

std::set<const Graph *> graphs; // that have not been destroyed

} // namespace

// A function that the driver lacks is not found there; the emulated one fails.
#define SINCE(version) \
	if (driver_version() < version) \
	return NOT_SUPPORTED

API cuGraphCreate(Graph **graph, unsigned flags) {
	SINCE(10000);
	BEGIN;
	(void)c;
	if (flags)
		return call.refuse("cuGraphCreate with flags");
	graphs.insert(*graph = new Graph);
	return SUCCESS;
}

API cuGraphAddKernelNode(Node **node, Graph *graph, Node *const *after, size_t count, const KernelParameters *k) {
	SINCE(10000);
	BEGIN;
	(void)c;
	bool first = graph->nodes.empty();
	if (!graphs.count(graph) || count != (first ? 0 : 1) || (!first && *after != &graph->nodes.back()))
		return call.refuse("cuGraphAddKernelNode: the emulator has chains only");
	Launch launch;
	if (CUresult r = k->make(launch))
		return r;
	graph->nodes.push_back(Node{launch});
	*node = &graph->nodes.back();
	return SUCCESS;
}

API cuGraphInstantiate(Executable **executable, Graph *graph, Node **, char *, size_t) {
	SINCE(10000);
	BEGIN;
	(void)c;
	if (!graphs.count(graph))
		return call.refuse("cuGraphInstantiate of what is no graph");
	auto *e = *executable = new Executable{graph, {}, {}};
	for (Node &n : graph->nodes)
		e->nodes.push_back(&n), e->launches.push_back(n.launch);
	return SUCCESS;
}

// The node is the graph's, which must still be there.
API cuGraphExecKernelNodeSetParams(Executable *executable, Node *node, const KernelParameters *k) {
	SINCE(10010);
	BEGIN;
	(void)c;
	auto at = std::find(executable->nodes.begin(), executable->nodes.end(), node);
	if (!graphs.count(executable->of) || at == executable->nodes.end())
		return call.refuse("cuGraphExecKernelNodeSetParams of a node that is not the graph's");
	if (k->function->kernel != node->launch.kernel)
		return call.refuse("cuGraphExecKernelNodeSetParams with another function");
	return k->make(executable->launches[size_t(at - executable->nodes.begin())]);
}

// A device that is lost within a graph has taken the whole of it.
API cuGraphLaunch(Executable *executable, void *) {
	SINCE(10000);
	BEGIN;
	for (const Launch &l : executable->launches)
		if (!c.put(l)) {
			c.queue.push_back([] { return UNKNOWN; });
			break;
		}
	return SUCCESS;
}

API cuGraphExecDestroy(Executable *executable) {
	std::lock_guard<std::mutex> lock(Call::mutex);
	delete executable;
	return SUCCESS;
}

API cuGraphDestroy(Graph *graph) {
	std::lock_guard<std::mutex> lock(Call::mutex);
	graphs.erase(graph);
	delete graph;
	return SUCCESS;
}
