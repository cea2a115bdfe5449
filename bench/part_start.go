package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"srn/pkg/dataset"
)

// start measures how long a command takes to start, and to load its data.
func (b *bench) start() (section, error) {
	var rows []Row
	var notes []string
	fit := filepath.Join(b.bin, "srn-fit")
	version := here(func() error { return exec.Command(fit, "--version").Run() })
	e := effort{rounds: 20, window: 0, budget: 60}
	err := e.compete(version)
	switch {
	case errors.Is(err, os.ErrNotExist):
		notes = append(notes, "start of a command: "+err.Error()+": run make build first")
	case err != nil:
		return section{}, err
	default:
		var theirs *contender
		if b.peer != nil {
			theirs = here(func() error { return exec.Command(b.python, "-c", "import torch").Run() })
			version.wall, version.cpu = nil, nil
			if err := e.compete(version, theirs); err != nil {
				return section{}, err
			}
		}
		r := row("srn-fit --version", 0, milliseconds, version, theirs, "python -c 'import torch'", "≤ 30 ms")
		r.CPURatio = 0 // children's time is not counted
		rows = append(rows, r)
	}
	if b.options.data != "" {
		load := here(func() error { _, err := dataset.Load(b.options.data); return err })
		if err := b.effort().compete(load); err != nil {
			return section{}, err
		}
		rows = append(rows, row("load "+filepath.Base(b.options.data), 0, milliseconds, load, nil, "", "≤ 1000 ms"))
	} else {
		notes = append(notes, "loading: give -data an artifact of srn-split")
	}
	return compared("start", "Start and loading", rows, notes...), b.clean()
}
