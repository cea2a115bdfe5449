#include "trace.h"
#include <cstring>

namespace emulator {

Trace::Trace(const char *path, const Memory &m) : memory(m), file(path && *path ? fopen(path, "wb") : nullptr) {}

Trace::~Trace() {
	if (file)
		fclose(file);
}

void Trace::put(const void *p, size_t n) {
	if (file)
		fwrite(p, 1, n, file);
}

void Trace::put_place(Address a) {
	size_t offset = a;
	unsigned block = memory.place(a, offset);
	put(Place{block, offset});
}

void Trace::allocate(size_t bytes) {
	put(Event::allocate);
	put(uint64_t(bytes));
}

void Trace::release(Address a) {
	put(Event::release);
	put_place(a);
}

void Trace::write(Address to, const void *from, size_t bytes) {
	put(Event::write);
	put_place(to);
	put(uint64_t(bytes));
	put(from, bytes);
}

void Trace::fill(Address to, uint32_t value, size_t count) {
	put(Event::fill);
	put_place(to);
	put(value);
	put(uint64_t(count));
}

void Trace::copy(Address to, Address from, size_t bytes) {
	put(Event::copy);
	put_place(to);
	put_place(from);
	put(uint64_t(bytes));
}

void Trace::launch(const Kernel &k, Dim grid, Dim block, unsigned shared_bytes, const uint64_t *arguments) {
	put(Event::launch);
	put(uint64_t(strlen(k.name)));
	put(k.name, strlen(k.name));
	put(grid);
	put(block);
	put(shared_bytes);
	for (int i = 0; i < k.count; i++)
		if (k.parameters[i].pointer)
			put_place(arguments[i]);
		else
			put(arguments[i]);
}

} // namespace emulator
