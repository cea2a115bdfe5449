package measure

// Events are told what happens while something is measured. What is nil is not
// called.
type Events struct {
	// Note has a line for the user, Warn a warning.
	Note, Warn func(text string)
	// Unconverged is told of a search that gave up after some steps.
	Unconverged func(Unconverged)
	// Progress starts a display of progress; a total below 1 is not known.
	Progress func(total int64, what string) Progress
}

// Unconverged is a search for eigenpairs that gave up.
type Unconverged struct {
	Label string // of the checkpoint and the block, see [Label]
	What  string // was sought, such as λ_max; may be empty
	Steps int    // after which it gave up
}

// Progress shows how far a measurement has come.
type Progress interface {
	Describe(what string)
	Add(n int)
	Set(n int64)
	Done()
}

func (e Events) note(text string) {
	if e.Note != nil {
		e.Note(text)
	}
}

func (e Events) warn(text string) {
	if e.Warn != nil {
		e.Warn(text)
	}
}

func (e Events) unconverged(u Unconverged) {
	if e.Unconverged != nil {
		e.Unconverged(u)
	}
}

func (e Events) progress(total int64, what string) Progress {
	if e.Progress == nil {
		return silent{}
	}
	return e.Progress(total, what)
}

// silent shows nothing.
type silent struct{}

func (silent) Describe(string) {}
func (silent) Add(int)         {}
func (silent) Set(int64)       {}
func (silent) Done()           {}
