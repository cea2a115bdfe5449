// replay does again what traces say devices were asked to do. Compiled with
// -fsanitize=thread it reports every two accesses of a launch's threads to the
// same memory, one of them a write, that no barrier orders. A kernel that is in no
// trace is a failure too.
#include "trace.h"
#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

using namespace emulator;

static FILE *file;

static void get(void *p, size_t n) {
	if (fread(p, 1, n, file) != n) {
		fprintf(stderr, "replay: the trace ends within an event\n");
		exit(2);
	}
}

template <class T> static T get() {
	T v;
	get(&v, sizeof v);
	return v;
}

static std::vector<Address> blocks{0}; // by their numbers

static Address get_address() {
	Place p = get<Place>();
	return p.block ? blocks.at(p.block) + p.offset : p.offset;
}

static std::set<std::string> launched;

static int launch() {
	std::string name(get<uint64_t>(), 0);
	get(name.data(), name.size());
	const Kernel *k = find(name.c_str());
	if (!k) {
		fprintf(stderr, "replay: no kernel %s\n", name.c_str());
		return 1;
	}
	launched.insert(name);
	Dim grid = get<Dim>(), block = get<Dim>();
	unsigned shared_bytes = get<unsigned>();
	std::vector<uint64_t> values(k->count);
	std::vector<void *> pointers;
	for (int i = 0; i < k->count; i++) {
		values[i] = k->parameters[i].pointer ? get_address() : get<uint64_t>();
		pointers.push_back(&values[i]);
	}
	if (run(*k, grid, block, shared_bytes, pointers.data()) == none)
		return 0;
	fprintf(stderr, "replay: %s: %s\n", k->name, problem());
	return 1;
}

static long launches, failed;

static void replay() {
	Memory memory(SIZE_MAX);
	blocks = {0};
	for (int c; (c = fgetc(file)) != EOF;)
		switch (Event(c)) {
		case Event::allocate: blocks.push_back(memory.allocate(get<uint64_t>())); break;
		case Event::release: memory.release(get_address()); break;
		case Event::write: {
			Address to = get_address();
			get(reinterpret_cast<void *>(to), get<uint64_t>());
			break;
		}
		case Event::fill: {
			auto *to = reinterpret_cast<uint32_t *>(get_address());
			uint32_t value = get<uint32_t>();
			for (uint64_t n = get<uint64_t>(); n > 0; n--)
				*to++ = value;
			break;
		}
		case Event::copy: {
			Address to = get_address(), from = get_address();
			memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), get<uint64_t>());
			break;
		}
		case Event::launch:
			launches++;
			failed += launch();
			break;
		}
}

int main(int count, char **arguments) {
	for (int i = 1; i < count; i++) {
		file = fopen(arguments[i], "rb");
		if (!file) {
			perror(arguments[i]);
			return 2;
		}
		replay();
		fclose(file);
	}
	int missing = 0;
	for (const Kernel &k : kernels()) {
		if (launched.count(k.name))
			continue;
		missing++;
		printf("replay: no trace has a launch of %s\n", k.name);
	}
	printf("replay: %ld launches of %zu kernels, %ld failed\n", launches, launched.size(), failed);
	return failed || missing;
}
