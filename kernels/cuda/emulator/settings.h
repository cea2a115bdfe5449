// What the emulated machine is like, by environment variables.
#pragma once
#include "run.h"
#include <cstdlib>
#include <cstring>

namespace emulator {

inline long number(const char *variable, long otherwise) {
	const char *s = getenv(variable);
	return s && *s ? strtol(s, nullptr, 10) : otherwise;
}

// The order in which a block's threads take turns: forward, reverse, shuffled.
inline Order chosen_order() {
	const char *s = getenv("SRN_EMULATOR_ORDER");
	if (s && !strcmp(s, "reverse"))
		return Order::reverse;
	return s && !strcmp(s, "shuffled") ? Order::shuffled : Order::forward;
}

inline int devices() { return int(number("SRN_EMULATOR_DEVICES", 1)); }
// As cuDriverGetVersion gives it: 1000·major + 10·minor of CUDA.
inline int driver_version() { return int(number("SRN_EMULATOR_DRIVER", 12060)); }
// 10·major + minor.
inline int capability() { return int(number("SRN_EMULATOR_CAPABILITY", 75)); }
inline size_t memory_bytes() { return size_t(number("SRN_EMULATOR_MEMORY", 2l << 30)); }
// The device is lost after so many launches; 0: never.
inline long lost_after() { return number("SRN_EMULATOR_LOST_AFTER", 0); }
// A file to write down in what the device is asked to do; see replay.cpp.
inline const char *trace_path() { return getenv("SRN_EMULATOR_TRACE"); }

} // namespace emulator
