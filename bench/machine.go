package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	kernels "srn/kernels/cpu"
)

// machine describes where measurements were taken.
type machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Caches  string `json:"caches"`
	Memory  string `json:"memory"`
	Kernels string `json:"kernels"` // in use, then the others that would run
	Go      string `json:"go"`
	Peer    string `json:"peer,omitempty"`
}

func describe(set *kernels.Set, p *peer) machine {
	m := machine{
		CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Caches: caches(),
		Memory: field("/proc/meminfo", "MemTotal"), Kernels: set.Name, Go: runtime.Version(),
	}
	for _, s := range kernels.Sets() {
		if s.Name != set.Name {
			m.Kernels += ", " + s.Name
		}
	}
	if p != nil {
		m.Peer = p.library
	}
	return m
}

func (m machine) String() string {
	s := fmt.Sprintf("%s, %d cores, caches %s, memory %s; kernels %s; %s", m.CPU, m.Cores, m.Caches, m.Memory, m.Kernels, m.Go)
	if m.Peer != "" {
		s += "; " + m.Peer
	}
	return s
}

// field returns the value of the first line "name: value" of a file, or "?".
func field(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "?"
}

// caches lists the first core's data caches.
func caches() string {
	var list []string
	folders, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*")
	for _, f := range folders {
		level, err1 := os.ReadFile(filepath.Join(f, "level"))
		kind, err2 := os.ReadFile(filepath.Join(f, "type"))
		size, err3 := os.ReadFile(filepath.Join(f, "size"))
		if err1 != nil || err2 != nil || err3 != nil || strings.TrimSpace(string(kind)) == "Instruction" {
			continue
		}
		list = append(list, fmt.Sprintf("L%s %s", strings.TrimSpace(string(level)), strings.TrimSpace(string(size))))
	}
	if len(list) == 0 {
		return "?"
	}
	return strings.Join(list, ", ")
}

// jiffies is processor time since the machine started, of all cores.
type jiffies struct{ busy, stolen, total float64 }

func readJiffies() (j jiffies) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		v, _ := strconv.ParseFloat(f, 64)
		switch {
		case i == 0 || i > 8: // the name; guests, which count among the others
		case i == 4 || i == 5: // idle, waiting
			j.total += v
		case i == 8:
			j.stolen += v
			j.total += v
		default:
			j.busy += v
			j.total += v
		}
	}
	return j
}

// quiet watches how much of the machine others use.
type quiet struct {
	start jiffies
	own   float64
	peer  *peer
}

func watch(p *peer) *quiet {
	return &quiet{readJiffies(), processCPU() + p.cpu(), p}
}

// noise says what others took since watch. Processes that this one started
// and that have ended count as others.
func (q *quiet) noise() string {
	const hertz = 100 // of these counters in Linux
	now := readJiffies()
	total := now.total - q.start.total
	if total <= 0 {
		return "others' share of the cores unknown"
	}
	own := (processCPU() + q.peer.cpu() - q.own) * hertz
	return fmt.Sprintf("other processes used %.0f%% of the cores, the host withheld %.0f%%",
		100*max(now.busy-q.start.busy-own, 0)/total, 100*(now.stolen-q.start.stolen)/total)
}

// cpu is the processor time of the peer in seconds.
func (p *peer) cpu() float64 {
	if p == nil {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	_, rest, ok := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if err != nil || !ok || len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}
