// Package runtest interrupts runs in tests.
package runtest

import "context"

// When is a context that is over once a condition holds, which is asked each
// time that a run looks whether to stop.
func When(over func() bool) context.Context { return &when{context.Background(), over} }

type when struct {
	context.Context
	over func() bool
}

func (w *when) Err() error {
	if w.over() {
		return context.Canceled
	}
	return nil
}

// After is a context that is over when it is looked at for the nth time.
func After(n int) context.Context {
	asked := 0
	return When(func() bool { asked++; return asked >= n })
}
