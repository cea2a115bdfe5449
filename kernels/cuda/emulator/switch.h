// switch_stack saves the callee's registers on the stack at hand, keeps its
// pointer in *from, and goes on where the stack to was left.
#pragma once
extern "C" void switch_stack(void **from, void *to);

// new_stack prepares a stack that ends at top to begin with entry.
inline void *new_stack(char *top, void (*entry)()) {
	void **sp = reinterpret_cast<void **>(top) - 1; // rsp % 16 is 8 on entry
	*--sp = reinterpret_cast<void *>(entry);
	for (int i = 0; i < 6; i++)
		*--sp = nullptr;
	return sp;
}
