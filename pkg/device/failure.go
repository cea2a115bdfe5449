package device

import "fmt"

// Failure is what a Backend panics with when its device fails: memory runs
// out, or the device is lost. Whoever holds something worth saving, or knows
// what is saved, may [Recover] it; package cli ends the program with it.
type Failure struct {
	Device string // as --device names it
	Err    error
	Mend   string // what the user can do
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Device, f.Err) }
func (f *Failure) Unwrap() error { return f.Err }

// Recover turns what recover() returned into a Failure, or nil of nothing, and
// panics with anything else.
func Recover(recovered any) *Failure {
	if recovered == nil {
		return nil
	}
	f, ok := recovered.(*Failure)
	if !ok {
		panic(recovered)
	}
	return f
}
