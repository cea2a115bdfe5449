// A trace is what a device was asked to do, one event after another, so that
// another program can do it again: see replay.cpp.
#pragma once
#include "memory.h"
#include "run.h"
#include <cstdio>
#include <string>

namespace emulator {

enum class Event : uint8_t { allocate, release, write, fill, copy, launch };

// Place is an address as it means the same in another process.
struct Place { uint64_t block, offset; };

// Trace writes events to a file. Without a path it does nothing.
class Trace {
public:
	Trace(const char *path, const Memory &);
	~Trace();

	void allocate(size_t bytes);
	void release(Address);
	void write(Address, const void *, size_t bytes);
	void fill(Address, uint32_t value, size_t count);
	void copy(Address to, Address from, size_t bytes);
	void launch(const Kernel &, Dim grid, Dim block, unsigned shared_bytes, const uint64_t *arguments);

private:
	void put(const void *, size_t);
	template <class T> void put(const T &v) { put(&v, sizeof v); }
	void put_place(Address);

	const Memory &memory;
	FILE *file;
};

} // namespace emulator
