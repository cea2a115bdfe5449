package cli

import (
	"strconv"
	"strings"
)

// Device is what --device names.
type Device struct {
	Kind  string // cpu or cuda
	Index int    // of the GPU
	TF32  bool   // convolutions on tensor cores, their factors rounded to TF32
}

// ParseDevice reads cpu, cuda or cuda:N; +tf32 may follow the latter two.
func ParseDevice(s string) (Device, error) {
	name, arithmetic, rounded := strings.Cut(s, "+")
	kind, number, numbered := strings.Cut(name, ":")
	d := Device{Kind: kind, TF32: rounded}
	index, err := strconv.ParseUint(number, 10, 8)
	switch {
	case name == "cpu" && arithmetic == "tf32":
		return Device{}, WithHint(Errorf(ExitUsage, "--device %s: TF32 is the arithmetic of a GPU's tensor cores", s), "use cpu, or cuda+tf32")
	case rounded && arithmetic != "tf32", kind == "cpu" && (numbered || rounded), kind == "cuda" && numbered && err != nil, kind != "cpu" && kind != "cuda":
		return Device{}, WithHint(Errorf(ExitUsage, "--device: %q is no device", s), "use cpu, cuda or cuda:N, N counting from 0; cuda+tf32 or cuda:N+tf32 for tensor cores")
	case numbered:
		d.Index = int(index)
	}
	return d, nil
}

// Precision is what records say of the products: f32, or tf32.
func (c *Common) Precision() string {
	if c.TF32() {
		return "tf32"
	}
	return "f32"
}

// TF32 reports whether --device asks for convolutions whose factors are rounded.
func (c *Common) TF32() bool {
	d, err := ParseDevice(c.Device)
	return err == nil && d.TF32
}

func checkDevice(s string) error {
	d, err := ParseDevice(s)
	if err != nil {
		return err
	}
	if d.Kind == "cuda" && !hasCUDA {
		return NoCUDA(s)
	}
	return nil
}

// NoCUDA is the error of asking for a GPU of a build that cannot use one.
func NoCUDA(device string) error {
	return WithHint(Errorf(ExitUsage, "--device %s: this build has no CUDA support", device),
		"use --device cpu, or build with make cuda")
}
