package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock takes the lock of an open file, which lasts until the file is closed or
// the process ends. It reports whether no other process has it. File systems
// without locks have none that is taken.
func lock(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return !errors.Is(err, syscall.EWOULDBLOCK)
}

func inUse(path string) error {
	return fmt.Errorf("%s: another process is writing it; wait for it to end, or name another file", path)
}

// refuseInUse returns an error if another process is writing the records at
// target, which need not exist.
func refuseInUse(target, path string) error {
	f, err := os.Open(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !lock(f) {
		return inUse(path)
	}
	return nil
}

// removeStale removes temporary files for target that killed processes left
// behind: those whose lock nobody holds.
func removeStale(target string) {
	prefix := tempPrefix(target)
	folder := filepath.Dir(prefix)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // writing will tell why
	}
	for _, e := range entries {
		random, ours := strings.CutPrefix(e.Name(), filepath.Base(prefix))
		if !ours || len(random) != len("01234567"+tempSuffix) || !strings.HasSuffix(random, tempSuffix) {
			continue
		}
		f, err := os.OpenFile(filepath.Join(folder, e.Name()), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if lock(f) {
			os.Remove(f.Name())
		}
		f.Close()
	}
}
