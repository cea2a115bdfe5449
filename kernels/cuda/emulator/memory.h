// Device memory, each block of it between pages that must not be touched.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace emulator {

using Address = uint64_t;

class Memory {
public:
	explicit Memory(size_t total) : total(total) {}
	~Memory();

	// allocate returns 0 where there is not enough left. What it returns is
	// filled with NaN, ends at a protected page, and is aligned to 16 bytes.
	Address allocate(size_t bytes);
	bool release(Address);
	// holds reports whether all of a range lies in one block.
	bool holds(Address, size_t bytes) const;
	// place says in which block an address lies, counted from 1 as they were
	// allocated, and where in it; 0 for none.
	unsigned place(Address, size_t &offset) const;

	size_t free() const { return total - used; }
	const size_t total;

private:
	struct Block {
		unsigned number;
		size_t bytes;
		char *mapped;
		size_t mapped_bytes;
	};
	const std::pair<const Address, Block> *around(Address) const;

	std::map<Address, Block> blocks;
	size_t used = 0;
	unsigned count = 0;
};

} // namespace emulator
