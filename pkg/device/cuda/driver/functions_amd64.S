//go:build cuda

// Every function of functions.h jumps to where its slot points: at first to
// one that fails, after driver_load into libcuda.so.1. They are hidden, so that
// the driver does not find them in place of its own.

#define F(name) \
	.globl name; .hidden name; .type name, @function; \
name:	jmp *slot_##name(%rip); \
	.size name, . - name;
	.text
#include "functions.h"
#undef F

	// The slots, one after another, for driver_load to fill.
#define F(name) slot_##name: .quad driver_absent;
	.data
	.balign 8
	.globl driver_slots
	.hidden driver_slots
driver_slots:
#include "functions.h"
#undef F

	.section .note.GNU-stack, "", @progbits
