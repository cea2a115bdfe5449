// Package cuda holds the project's CUDA kernels: their sources, the PTX that
// is made of them, and how each is launched. It talks to no device: a launch
// is a value that whoever has a driver carries out, and the tests carry out in
// an interpreter of PTX (package ptxsim).
//
// Images are NHWC, filters OIHW, float32. What operations mean is said by
// package device, whose names are used here.
package cuda

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:generate ./gen.sh

//go:embed ptx/*.ptx
var ptx embed.FS

// Module is one compiled source.
type Module struct {
	Name    string
	PTX     string
	Kernels []string // names, unique among all modules
	// Capability is the compute capability, 10·major + minor, that a GPU has at
	// least to run it: 75, or 80 for TF32 on tensor cores.
	Capability int
}

var (
	entry  = regexp.MustCompile(`\.entry (\w+)`)
	target = regexp.MustCompile(`\.target sm_(\d+)`)
)

// The modules' compute capabilities. Drivers translate them for any newer GPU.
const (
	Base = 75
	TF32 = 80 // of those for tensor cores
)

// Modules returns all modules in the order of their names.
func Modules() []Module {
	files, err := ptx.ReadDir("ptx")
	if err != nil {
		panic(err) // the files are embedded
	}
	var list []Module
	for _, f := range files {
		text, err := ptx.ReadFile(path.Join("ptx", f.Name()))
		if err != nil {
			panic(err)
		}
		m := Module{Name: strings.TrimSuffix(f.Name(), ".ptx"), PTX: string(text)}
		for _, e := range entry.FindAllStringSubmatch(m.PTX, -1) {
			m.Kernels = append(m.Kernels, e[1])
		}
		if sm := target.FindStringSubmatch(m.PTX); sm != nil {
			m.Capability, _ = strconv.Atoi(sm[1])
		}
		if len(m.Kernels) == 0 || m.Capability == 0 {
			panic(fmt.Sprintf("cuda: no kernels or no target in %s", f.Name()))
		}
		list = append(list, m)
	}
	return list
}
