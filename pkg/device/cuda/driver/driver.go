//go:build cuda

// Package driver loads the CUDA driver, libcuda.so.1, when it is asked to.
//
// gorgonia.org/cu links against the driver and initialises it as soon as the
// program starts, which fails, and ends the program, where there is no driver
// or no GPU. This package defines the functions that it links against. Until
// [Load] they leave the driver alone: cuInit says that all is well, every other
// one fails. So a program built for CUDA runs anywhere, and a user who does not
// ask for a GPU never waits for one.
package driver

/*
#cgo LDFLAGS: -L${SRCDIR}/link -ldl
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

#define hidden __attribute__((visibility("hidden")))

enum { success = 0, not_initialized = 3 };

extern hidden void *driver_slots[];

#define F(name) #name,
static const char *const names[] = {
#include "functions.h"
};
#undef F

hidden int driver_absent(void) { return not_initialized; }

static int (*init)(unsigned);

hidden int cuInit(unsigned flags) { return init ? init(flags) : success; }

// load returns what went wrong, or NULL. Functions that an old driver lacks
// keep failing.
static const char *load(const char *path, int *result) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return dlerror();
	init = (int (*)(unsigned))dlsym(library, "cuInit");
	if (!init)
		return "it has no cuInit";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		void *f = dlsym(library, names[i]);
		if (f)
			driver_slots[i] = f;
	}
	*result = init(0);
	return NULL;
}
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// PathVariable names the environment variable that says which file to load in
// place of libcuda.so.1.
const PathVariable = "SRN_CUDA_DRIVER"

// MissingError says that the driver's library could not be loaded.
type MissingError struct{ Path, Problem string }

func (e *MissingError) Error() string { return fmt.Sprintf("loading the CUDA driver: %s", e.Problem) }

// InitError says that the driver could not be initialised.
type InitError struct {
	Path string
	Code int // CUresult
}

func (e *InitError) Error() string {
	return fmt.Sprintf("the CUDA driver %s cannot be initialised: error %d", e.Path, e.Code)
}

// Load loads and initialises the driver, once. Its errors are of type
// *[MissingError] and *[InitError].
var Load = sync.OnceValue(func() error {
	path := os.Getenv(PathVariable)
	if path == "" {
		path = "libcuda.so.1"
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var result C.int
	if problem := C.load(name, &result); problem != nil {
		return &MissingError{path, C.GoString(problem)}
	}
	if result != C.success {
		return &InitError{path, int(result)}
	}
	return nil
})
