#include "run.h"
#include "race.h"
#include "switch.h"
#include "tensor.h"
#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <pthread.h>
#include <sys/mman.h>
#include <vector>

extern "C" emulator::Kernel __start_emulator_kernels[] __attribute__((weak));
extern "C" emulator::Kernel __stop_emulator_kernels[] __attribute__((weak));

namespace emulator {

Dim thread_index, block_index, block_size, grid_size;
Order order;

namespace {

constexpr int max_threads = 1024, warp_size = 32;
constexpr size_t stack_bytes = 64 << 10;

enum class State { ready, at_barrier, at_shuffle };

// Fiber is a CUDA thread.
struct Fiber {
	void *stack; // where it was left
	Dim index;
	int warp, lane;
	int next, previous; // in the order of turns
	State state;
	unsigned generation; // of the barrier it waits at
	bool started;
};

// Warp is the exchange of a warp that its lanes arrive at.
struct Warp {
	uint32_t waiting, alive;
	uint32_t value[warp_size], result[warp_size];
	Words in, out;
	int source[warp_size], line;
};

Fiber fibers[max_threads];
std::vector<Copy> copies[max_threads]; // under way
Warp warps[max_threads / warp_size];
char *stacks;
int current, alive, total;
int arrived, barrier_line; // at the block's barrier
unsigned generation;
void **arguments;
void (*call)(void **);
alignas(128) char shared[2][48 << 10]; // this and stacks: for each race::set

char words[512];
Fault fault;
void *main_stack;
sigjmp_buf out; // of a launch that touched memory it must not
pthread_t runner;

void switch_to(Fiber &from, int to);

[[gnu::noinline]] void leave(Fault f, const char *format, ...) {
	va_list list;
	va_start(list, format);
	int n = vsnprintf(words, sizeof words, format, list);
	va_end(list);
	const Dim &t = fibers[current].index, &b = block_index;
	snprintf(words + n, sizeof words - n, " (thread %u,%u,%u of block %u,%u,%u)", t.x, t.y, t.z, b.x, b.y, b.z);
	fault = f;
	race::to_main();
	switch_stack(&fibers[current].stack, main_stack);
	__builtin_unreachable();
}

bool ready(const Fiber &f) {
	switch (f.state) {
	case State::at_barrier: return f.generation != generation;
	case State::at_shuffle: return !(warps[f.warp].waiting >> f.lane & 1);
	default: return true;
	}
}

// after returns the next fiber that can go on, or -1.
int after(int i) {
	int first = fibers[i].next, at = first;
	do {
		if (ready(fibers[at]))
			return at;
		at = fibers[at].next;
	} while (at != first);
	return -1;
}

// wait gives the turn to others until the running fiber can go on.
void wait(State s) {
	Fiber &f = fibers[current];
	f.state = s;
	int next = after(current);
	if (next < 0)
		leave(launch_failed, "deadlock: %d threads wait, some at the barrier in line %d", alive, barrier_line);
	if (next != current)
		switch_to(f, next);
}

void enter();

void begin(Fiber &f, int i) {
	f.started = true;
	// Stacks start at different cache lines, or they would all share few.
	f.stack = new_stack(stacks + size_t(race::set * max_threads + i + 1) * stack_bytes - i % 31 * 128, enter);
}

void resume(int i) {
	current = i;
	Fiber &f = fibers[i];
	f.state = State::ready;
	thread_index = f.index;
	if (!f.started)
		begin(f, i);
	race::to_thread(i);
}

void switch_to(Fiber &from, int to) {
	resume(to);
	switch_stack(&from.stack, fibers[to].stack);
}

// enter is where a fiber begins; it runs on into others that have not begun.
void enter() {
	for (;;) {
		race::thread_begins();
		call(arguments);
		race::thread_ends();
		Fiber &f = fibers[current];
		if (!copies[current].empty())
			leave(launch_failed, "a thread ends without having waited for what it copies");
		warps[f.warp].alive &= ~(1u << f.lane);
		if (--alive == 0) {
			race::to_main();
			switch_stack(&f.stack, main_stack);
		}
		if (arrived)
			leave(launch_failed, "a thread ends while %d wait at the barrier in line %d", arrived, barrier_line);
		fibers[f.previous].next = f.next;
		fibers[f.next].previous = f.previous;
		int next = after(current);
		if (next < 0)
			leave(launch_failed, "deadlock: %d threads wait after another has ended", alive);
		if (fibers[next].started || race::checked) {
			switch_to(f, next);
			__builtin_unreachable();
		}
		// It can use this very stack.
		fibers[next].started = true;
		resume(next);
	}
}

// Memory that kernels must not touch is protected; a kernel that does comes here.
void touched(int signal, siginfo_t *info, void *) {
	if (!pthread_equal(pthread_self(), runner))
		abort();
	fault = signal == SIGBUS ? misaligned_address : illegal_address;
	const Dim &t = fibers[current].index, &b = block_index;
	snprintf(words, sizeof words, "no memory at %p (thread %u,%u,%u of block %u,%u,%u)", info->si_addr, t.x, t.y, t.z, b.x, b.y, b.z);
	siglongjmp(out, 1);
}

// Traps catches faults for as long as it lives; ThreadSanitizer has its own way.
struct Traps {
	struct sigaction segv, bus;
	Traps() {
		if (race::checked)
			return;
		runner = pthread_self();
		struct sigaction a = {};
		a.sa_sigaction = touched;
		a.sa_flags = SA_SIGINFO | SA_ONSTACK;
		sigaction(SIGSEGV, &a, &segv);
		sigaction(SIGBUS, &a, &bus);
	}
	~Traps() {
		if (race::checked)
			return;
		sigaction(SIGSEGV, &segv, nullptr);
		sigaction(SIGBUS, &bus, nullptr);
	}
};

// turns puts the threads of a block in order.
void turns(std::vector<int> &list, uint32_t &seed) {
	std::iota(list.begin(), list.end(), 0);
	if (order == Order::reverse)
		std::reverse(list.begin(), list.end());
	if (order == Order::shuffled)
		for (size_t i = list.size() - 1; i > 0; i--) {
			seed = seed * 1664525u + 1013904223u;
			std::swap(list[i], list[(seed >> 8) % (i + 1)]);
		}
}

// run_block runs the block at block_index.
void run_block(const std::vector<int> &list, unsigned shared_bytes) {
	race::next_block(int(list.size()));
	if (!race::checked)
		memset(shared[race::set], 0xff, shared_bytes); // NaN
	int n = total = alive = int(list.size());
	arrived = 0;
	for (int w = 0; w * warp_size < n; w++) {
		int lanes = std::min(n - w * warp_size, warp_size);
		warps[w].waiting = 0;
		warps[w].alive = lanes == warp_size ? ~0u : (1u << lanes) - 1;
	}
	for (int k = 0; k < n; k++) {
		int i = list[k];
		unsigned u = unsigned(i);
		Fiber &f = fibers[i];
		f.index = Dim{u % block_size.x, u / block_size.x % block_size.y, u / (block_size.x * block_size.y)};
		f.warp = i / warp_size;
		f.lane = i % warp_size;
		f.state = State::ready;
		f.started = false;
		copies[i].clear();
		f.next = list[(k + 1) % n];
		f.previous = list[(k + n - 1) % n];
	}
	resume(list[0]);
	switch_stack(&main_stack, fibers[list[0]].stack);
}

} // namespace

int lane() { return fibers[current].lane; }
void *dynamic_shared() { return shared[race::set]; }
const char *problem() { return words; }

void barrier(int line) {
	if (arrived == 0)
		barrier_line = line;
	else if (line != barrier_line)
		leave(launch_failed, "threads of a block are at different barriers, in lines %d and %d", barrier_line, line);
	if (alive != total)
		leave(launch_failed, "the barrier in line %d is reached after %d threads have ended", line, total - alive);
	unsigned g = generation;
	race::arrive(g);
	if (++arrived == alive) {
		arrived = 0;
		generation++;
	} else {
		fibers[current].generation = g;
		wait(State::at_barrier);
	}
	race::pass(g);
}

uint32_t shuffle(uint32_t mask, uint32_t value, int source, int line) {
	int me = lane();
	Warp &w = warps[fibers[current].warp];
	if (!(mask >> me & 1))
		leave(launch_failed, "shuffle in line %d: the mask %08x lacks lane %d itself", line, mask, me);
	if (mask & ~w.alive)
		leave(launch_failed, "shuffle in line %d: the mask %08x names lanes that have ended", line, mask);
	if (w.waiting && line != w.line)
		leave(launch_failed, "lanes of a warp are at different shuffles, in lines %d and %d", w.line, line);
	w.line = line;
	w.value[me] = value;
	w.source[me] = source < 0 || source >= warp_size ? me : source;
	w.waiting |= 1u << me;
	if ((w.waiting & mask) != mask) {
		wait(State::at_shuffle);
		return w.result[me];
	}
	for (int l = 0; l < warp_size; l++)
		if (mask >> l & 1)
			w.result[l] = mask >> w.source[l] & 1 ? w.value[w.source[l]] : 0x7fc00bad;
	w.waiting &= ~mask;
	return w.result[me];
}

void together(const uint32_t *in, int words, uint32_t *out, int results, void (*f)(const Words &, Words &), int line) {
	int me = lane();
	Warp &w = warps[fibers[current].warp];
	if (w.alive != ~0u)
		leave(launch_failed, "the instruction in line %d needs all lanes of its warp, of which some have ended", line);
	if (w.waiting && line != w.line)
		leave(launch_failed, "lanes of a warp are at different instructions, in lines %d and %d", w.line, line);
	w.line = line;
	for (int i = 0; i < words; i++)
		w.in[i][me] = in[i];
	w.waiting |= 1u << me;
	if (w.waiting != ~0u) {
		wait(State::at_shuffle);
	} else {
		f(w.in, w.out);
		w.waiting = 0;
	}
	for (int i = 0; i < results; i++)
		out[i] = w.out[i][me];
}

void put_off(Copy c) { copies[current].push_back(c); }

bool take_up(Copy &c) {
	auto &list = copies[current];
	if (list.empty())
		return false;
	c = list.back();
	list.pop_back();
	return true;
}

std::span<const Kernel> kernels() { return {__start_emulator_kernels, __stop_emulator_kernels}; }

const Kernel *find(const char *name) {
	for (const Kernel &k : kernels())
		if (!strcmp(k.name, name))
			return &k;
	return nullptr;
}

Fault run(const Kernel &kernel, Dim grid, Dim block, unsigned shared_bytes, void **args) {
	if (!stacks)
		stacks = static_cast<char *>(mmap(nullptr, 2 * max_threads * stack_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	grid_size = grid;
	block_size = block;
	call = kernel.call;
	arguments = args;
	fault = none;
	static std::vector<int> list;
	list.resize(block.x * block.y * block.z);
	uint32_t seed = 12345;
	Traps traps;
	if (sigsetjmp(out, 1))
		return fault;
	race::launch_begins();
	Dim &b = block_index;
	for (b.z = 0; b.z < grid.z; b.z++)
		for (b.y = 0; b.y < grid.y; b.y++)
			for (b.x = 0; b.x < grid.x; b.x++) {
				turns(list, seed);
				run_block(list, shared_bytes);
				if (fault != none)
					return fault;
			}
	race::launch_ends();
	return none;
}

} // namespace emulator
