// What ThreadSanitizer is told where kernels are compiled with it and the
// emulator with -DSRN_RACES: each CUDA thread is one of its threads, and the
// barrier alone orders those of a block. Blocks are in two sets, odd and even.
// Those of a set, which share threads and shared memory, are ordered; blocks of
// different sets are not, so that it sees when they write to the same memory.
// Otherwise nothing here does anything.
#pragma once

#if defined(SRN_RACES)
#include <sanitizer/tsan_interface.h>
#endif

namespace race {

#if defined(SRN_RACES)

constexpr bool checked = true;

inline void *main_thread, *threads[2][1024];
inline char begin, ends[2][2], barriers[2][2]; // of each set; the last and this block of it
inline unsigned block;
inline int set, turn;

inline void launch_begins() {
	main_thread = __tsan_get_current_fiber();
	__tsan_release(&begin);
}
inline void launch_ends() {
	for (auto &set : ends)
		for (char &end : set)
			__tsan_acquire(&end);
}
// next_block makes the threads, since who makes a thread comes before it.
inline void next_block(int count) {
	block++;
	set = block & 1;
	turn = block >> 1 & 1;
	for (int i = 0; i < count; i++)
		if (!threads[set][i])
			threads[set][i] = __tsan_create_fiber(0);
}
inline void to_thread(int i) {
	__tsan_switch_to_fiber(threads[set][i], __tsan_switch_to_fiber_no_sync);
}
inline void to_main() { __tsan_switch_to_fiber(main_thread, __tsan_switch_to_fiber_no_sync); }
inline void thread_begins() {
	__tsan_acquire(&begin);
	__tsan_acquire(&ends[set][turn ^ 1]);
}
inline void thread_ends() { __tsan_release(&ends[set][turn]); }
inline void arrive(unsigned generation) { __tsan_release(&barriers[set][generation & 1]); }
inline void pass(unsigned generation) { __tsan_acquire(&barriers[set][generation & 1]); }

#else

constexpr bool checked = false;
constexpr int set = 0;

inline void launch_begins() {}
inline void launch_ends() {}
inline void next_block(int) {}
inline void to_thread(int) {}
inline void to_main() {}
inline void thread_begins() {}
inline void thread_ends() {}
inline void arrive(unsigned) {}
inline void pass(unsigned) {}

#endif

} // namespace race
