// Package clitest tests what holds for every command.
package clitest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"srn/pkg/cli"
)

// Bounds gives every flag of a command, and of its subcommands, that is a whole
// number, 10¹² and 2⁶³−1 under a memory limit: it must be refused with exit code
// 2 and a message that names the flag, or, where it is among clamped, be taken
// as less with a note, and never end in a trace. Seeds may be anything. The test's
// binary must run the command where it has its name, as
// testscript.Main arranges. Lines are the arguments that make a subcommand work,
// under its name, "" for a command without any; they are used in folder.
func Bounds(t *testing.T, app any, name, folder string, lines map[string]string, clamped ...string) {
	t.Helper()
	parser, err := kong.New(app, kong.Name(name), cli.Defaults, kong.NamedMapper("threads", kong.MapperFunc(func(*kong.DecodeContext, reflect.Value) error { return nil })),
		kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	common := parser.Model.Node.Flags
	nodes := map[string]*kong.Node{"": parser.Model.Node}
	if len(parser.Model.Node.Children) > 0 {
		delete(nodes, "")
		for _, c := range parser.Model.Node.Children {
			nodes[c.Name] = c
		}
	}
	flags := 0
	for sub, node := range nodes {
		line, ok := lines[sub]
		if !ok {
			t.Errorf("%s %s: no line to test its flags by", name, sub)
			continue
		}
		list := node.Flags
		if sub != "" {
			list = append(list, common...)
		}
		for _, f := range list {
			if !whole(f.Target.Type()) || strings.Contains(f.Name, "seed") {
				continue
			}
			flags++
			for _, value := range []string{"1000000000000", "9223372036854775807"} {
				args := append(strings.Fields(sub+" "+line), fmt.Sprintf("--%s=%s", f.Name, value))
				code, stderr := limited(t, folder, name, args)
				ok := code == 2 && strings.Contains(stderr, "--"+f.Name)
				for _, c := range clamped {
					ok = ok || c == f.Name && code == 0 && strings.Contains(stderr, "--"+f.Name)
				}
				if !ok || strings.Contains(stderr, "goroutine ") {
					t.Errorf("%s %s: exit code %d\n%s", name, strings.Join(args, " "), code, stderr)
				}
			}
		}
	}
	if flags < 2 {
		t.Errorf("%s: %d flags were tested", name, flags)
	}
}

// whole tells whether a flag takes whole numbers.
func whole(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64
}

// limited runs the command with 4 GiB of address space.
func limited(t *testing.T, folder, name string, args []string) (code int, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// It would do long work only if a number were taken as it is.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", `ulimit -v 4194304; exec -a "$0" "$@"`, name, exe}, args...)...)
	cmd.Dir = folder
	var b bytes.Buffer
	cmd.Stderr = &b
	cmd.Run()
	return cmd.ProcessState.ExitCode(), b.String()
}
