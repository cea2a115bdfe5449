package artifact

import (
	"errors"
	"io/fs"
	"os"
)

// partialSuffix ends the name of a record file that is not final yet.
const partialSuffix = ".partial"

// Partial is the name under which the records of a path grow: [Beside].
func Partial(path string) (string, error) { return Beside(path, partialSuffix) }

// Beside is the name of a file that accompanies an output: that of the regular
// file that path stands for, and a suffix. What is not a regular file, "-"
// included, has none, which is "".
func Beside(path, suffix string) (string, error) {
	if path == stdio || path == "" {
		return "", nil
	}
	target, direct, err := resolve(path)
	if err != nil || direct {
		return "", err
	}
	return target + suffix, nil
}

// CheckUnused returns an error if another process is writing the records of a
// path.
func CheckUnused(path string) error {
	partial, err := Partial(path)
	if err != nil || partial == "" {
		return err
	}
	return refuseInUse(partial, path)
}

// Discard removes the file that path stands for, if there is one. It is refused
// where another process is writing records to it, and leaves alone what is not
// a regular file.
func Discard(path string) error {
	if path == stdio || path == "" {
		return nil
	}
	target, direct, err := resolve(path)
	if err != nil || direct {
		return err
	}
	if err := refuseInUse(target, path); err != nil {
		return err
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
