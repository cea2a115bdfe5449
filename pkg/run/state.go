package run

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strconv"

	"srn/pkg/artifact"
)

// stateFormat is the metadata "format" of a saved state.
const stateFormat = "srn-state/2"

const (
	stateSuffix   = ".state"
	partialSuffix = ".partial"
)

// StatePath is where the state of a run that writes output lies, "" where the
// output is no regular file and has none.
func StatePath(output string) (string, error) {
	return artifact.Beside(output, stateSuffix)
}

// newState is a state: where the run stands, as texts, and its tensors.
func newState(p artifact.Provenance, at map[string]string, tensors []artifact.Tensor) (*artifact.File, error) {
	p.Format = stateFormat
	metadata, err := p.Metadata()
	if err != nil {
		return nil, err
	}
	maps.Copy(metadata, at)
	return &artifact.File{Metadata: metadata, Tensors: tensors}, nil
}

func saveState(path string, state *artifact.File) error {
	if err := artifact.Write(path, state); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// readState reads a state and whose it is.
func readState(path string) (*artifact.File, Settings, error) {
	f, err := artifact.Read(path, artifact.Limits{})
	if err == nil {
		_, err = f.Provenance(path, stateFormat)
	}
	if err != nil {
		return nil, Settings{}, Damaged(err)
	}
	s, err := fileSettings(path, f.Metadata)
	return f, s, Damaged(err)
}

// RemoveState removes a state, if it is there still.
func RemoveState(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Damaged adds to an error of a state's content what can be done about it.
func Damaged(err error) error {
	var bad *artifact.FormatError
	if errors.As(err, &bad) {
		bad.Mend = "remove it to start afresh"
	}
	return err
}

// StateNumber reads a whole number from least to most from a state's metadata.
func StateNumber(f *artifact.File, path, key string, least, most int) (int, error) {
	n, err := strconv.Atoi(f.Metadata[key])
	if err != nil || n < least || n > most {
		return 0, &artifact.FormatError{Path: path, Field: fmt.Sprintf("metadata %q", key),
			Problem: fmt.Sprintf("%q is not from %d to %d", f.Metadata[key], least, most)}
	}
	return n, nil
}
