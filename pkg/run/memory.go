package run

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Bound refuses a whole number outside of bounds.
func Bound(setting string, v, least, most int) error {
	if v < least || v > most {
		return Refuse(setting, "%d, want %d to %d", v, least, most)
	}
	return nil
}

// CheckMemory refuses a setting with which so many bytes would be needed, more
// than there are.
func CheckMemory(setting string, bytes float64, fix string) error {
	const mib = 1 << 20
	if have := available(); bytes > have {
		return &SettingError{Setting: setting, Problem: "needs about " + whole(bytes/mib) + " MiB of memory, and " + whole(have/mib) + " MiB are available", Fix: fix}
	}
	return nil
}

func whole(v float64) string { return strconv.FormatFloat(math.Ceil(v), 'f', 0, 64) }

// available is how many bytes a process could take: those that the machine
// has free, within the limits of its group and of the process. It is infinite
// where nothing tells.
func available() float64 {
	have := math.Inf(1)
	if kib, ok := number("/proc/meminfo", "MemAvailable:"); ok {
		have = 1024 * kib
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err == nil && limit.Cur < math.MaxInt64 {
		have = min(have, float64(limit.Cur))
	}
	for _, pair := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		most, ok := number(pair[0], "")
		if used, there := number(pair[1], ""); ok && there {
			// What files are cached in can be given back.
			cached, _ := number(filepath.Join(filepath.Dir(pair[0]), "memory.stat"), "inactive_file")
			have = min(have, most-used+cached)
		}
	}
	return have
}

// number reads the number after a word at the beginning of a line; without a
// word, that of the first line.
func number(path, word string) (float64, bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if word != "" && (len(fields) < 2 || fields[0] != word) {
			continue
		}
		if word != "" {
			fields = fields[1:]
		}
		if len(fields) == 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(fields[0], 64)
		return v, err == nil
	}
	return 0, false
}
