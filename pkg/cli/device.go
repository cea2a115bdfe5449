package cli

import (
	"strconv"
	"strings"
)

// ParseDevice splits cpu, cuda or cuda:N into the kind and the number.
func ParseDevice(s string) (kind string, index int, err error) {
	kind, number, numbered := strings.Cut(s, ":")
	switch {
	case s == "cpu":
		return "cpu", 0, nil
	case kind == "cuda" && !numbered:
		return "cuda", 0, nil
	case kind == "cuda":
		if n, err := strconv.ParseUint(number, 10, 8); err == nil {
			return "cuda", int(n), nil
		}
	}
	return "", 0, WithHint(Errorf(ExitUsage, "--device: %q is no device", s), "use cpu, cuda or cuda:N, N counting from 0")
}

func checkDevice(s string) error {
	kind, _, err := ParseDevice(s)
	if err != nil {
		return err
	}
	if kind == "cuda" && !hasCUDA {
		return NoCUDA(s)
	}
	return nil
}

// NoCUDA is the error of asking for a GPU of a build that cannot use one.
func NoCUDA(device string) error {
	return WithHint(Errorf(ExitUsage, "--device %s: this build has no CUDA support", device),
		"use --device cpu, or build with make cuda")
}
