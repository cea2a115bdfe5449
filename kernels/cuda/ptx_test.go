package cuda

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The PTX must be what gen.sh made of the sources beside it.
func TestSourcesOfPTX(t *testing.T) {
	var want strings.Builder
	for _, pattern := range []string{"*.cu", "*.cuh", "gen.sh"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(files)
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(text), f)
		}
	}
	got, err := os.ReadFile("ptx/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Error("ptx/ was made of other sources: run go generate ./kernels/cuda with Debian's clang-19")
	}
}

// With the pinned compiler at hand, the PTX comes out byte by byte.
func TestRegenerate(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles all kernels")
	}
	compiler := os.Getenv("CLANG")
	if compiler == "" {
		compiler = "clang++-19"
	}
	version, err := exec.Command(compiler, "--version").Output()
	if err != nil || !bytes.Contains(version, []byte("version 19.1.7")) {
		t.Skip("no clang++-19 of version 19.1.7 (Debian's clang-19)")
	}
	dir := t.TempDir()
	if out, err := exec.Command("./gen.sh", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("gen.sh: %v\n%s", err, out)
	}
	for _, m := range Modules() {
		text, err := os.ReadFile(filepath.Join(dir, m.Name+".ptx"))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != m.PTX {
			t.Errorf("%s.ptx differs from what the sources give", m.Name)
		}
	}
}

func TestKernelNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, m := range Modules() {
		for _, k := range m.Kernels {
			if other, ok := seen[k]; ok {
				t.Errorf("kernel %s is in %s and in %s", k, other, m.Name)
			}
			seen[k] = m.Name
		}
	}
}

// ptxas finds NVIDIA's assembler: $PTXAS, on PATH, or in the Python package
// nvidia-cuda-nvcc-cu12.
func ptxas() string {
	if path := os.Getenv("PTXAS"); path != "" {
		return path
	}
	if path, err := exec.LookPath("ptxas"); err == nil {
		return path
	}
	out, err := exec.Command("python3", "-c", "import nvidia.cuda_nvcc as m; print(list(m.__path__)[0])").Output()
	if err == nil {
		path := filepath.Join(strings.TrimSpace(string(out)), "bin", "ptxas")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

var (
	compiled = regexp.MustCompile(`Compiling entry function '(\w+)' for '(\w+)'`)
	used     = regexp.MustCompile(`Used (\d+) registers`)
	spills   = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
)

// NVIDIA's assembler takes every kernel on every architecture that has its
// instructions, and no kernel spills registers. -v prints the table of README.md.
func TestAssemble(t *testing.T) {
	if testing.Short() {
		t.Skip("assembles all kernels")
	}
	assembler := ptxas()
	if assembler == "" {
		t.Skip("no ptxas: set PTXAS, or python3 -m pip install nvidia-cuda-nvcc-cu12")
	}
	architectures := []int{75, 80, 86, 90}
	for _, m := range Modules() {
		registers := map[string][]string{}
		for _, architecture := range architectures {
			if architecture < m.Capability {
				for _, k := range m.Kernels {
					registers[k] = append(registers[k], "–")
				}
				continue
			}
			text, err := assemble(t, assembler, architecture, m)
			if err != nil {
				t.Errorf("%s for sm_%d: %v\n%s", m.Name, architecture, err, text)
				continue
			}
			kernel := ""
			for line := range strings.Lines(text) {
				if match := compiled.FindStringSubmatch(line); match != nil {
					kernel = match[1]
				}
				if match := spills.FindStringSubmatch(line); match != nil && !slices.Equal(match[1:], []string{"0", "0", "0"}) {
					t.Errorf("%s for sm_%d spills: %s", kernel, architecture, strings.TrimSpace(line))
				}
				if match := used.FindStringSubmatch(line); match != nil {
					registers[kernel] = append(registers[kernel], match[1])
				}
			}
		}
		for _, k := range m.Kernels {
			if len(registers[k]) != len(architectures) {
				t.Errorf("%s: registers on %d architectures of %d", k, len(registers[k]), len(architectures))
			}
			t.Logf("| %s | %s |", k, strings.Join(registers[k], " | "))
		}
	}
}

func assemble(t *testing.T, assembler string, architecture int, m Module) (string, error) {
	cmd := exec.Command(assembler, "-v", fmt.Sprintf("-arch=sm_%d", architecture), "-o", filepath.Join(t.TempDir(), m.Name), "-")
	cmd.Stdin = strings.NewReader(m.PTX)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), fmt.Errorf("%s: %w", assembler, err)
	}
	return string(out), err
}
