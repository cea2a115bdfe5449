#include "memory.h"
#include <cstring>
#include <sys/mman.h>

namespace emulator {

namespace {
constexpr size_t page = 4096, alignment = 16;
size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }
} // namespace

Memory::~Memory() {
	for (auto &[address, b] : blocks)
		munmap(b.mapped, b.mapped_bytes);
}

Address Memory::allocate(size_t bytes) {
	if (bytes > free())
		return 0;
	size_t body = up(bytes, alignment), pages = up(body, page);
	void *m = mmap(nullptr, pages + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return 0;
	char *first = static_cast<char *>(m);
	mprotect(first, page, PROT_NONE);
	mprotect(first + page + pages, page, PROT_NONE);
	memset(first + page, 0xff, pages);
	Address a = reinterpret_cast<Address>(first + page + pages - body);
	blocks[a] = Block{++count, bytes, first, pages + 2 * page};
	used += bytes;
	return a;
}

bool Memory::release(Address a) {
	auto at = blocks.find(a);
	if (at == blocks.end())
		return false;
	munmap(at->second.mapped, at->second.mapped_bytes);
	used -= at->second.bytes;
	blocks.erase(at);
	return true;
}

const std::pair<const Address, Memory::Block> *Memory::around(Address a) const {
	auto at = blocks.upper_bound(a);
	if (at == blocks.begin())
		return nullptr;
	--at;
	return a < at->first + at->second.bytes ? &*at : nullptr;
}

bool Memory::holds(Address a, size_t bytes) const {
	auto *b = around(a);
	return b && a + bytes <= b->first + b->second.bytes;
}

unsigned Memory::place(Address a, size_t &offset) const {
	auto *b = around(a);
	if (!b)
		return 0;
	offset = a - b->first;
	return b->second.number;
}

} // namespace emulator
