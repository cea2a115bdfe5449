// Package cli holds what the srn commands share: flags, exit codes, messages,
// signals and progress.
//
// A command is a struct that embeds [Common], has kong tags for its own flags
// and a method Run(*Context) error; its main calls [Main]. Standard output
// carries results alone; messages and progress go to standard error, each
// line prefixed with the command's name, in lower case, without a full stop.
// What mends an error stands in a `hint:` line of its own.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"

	"srn/pkg/device"
)

// Common are the flags of every command; embed it in the command's struct.
type Common struct {
	Threads int              `record:"-" short:"j" type:"threads" env:"SRN_THREADS" default:"0" placeholder:"N" group:"Common flags:" help:"CPU threads; 0 takes every core. Results do not depend on it."`
	Device  string           `default:"cpu" placeholder:"cpu|cuda[:N][+tf32]" group:"Common flags:" help:"Where to compute: cpu, or cuda in builds that have it, as in cuda:1+tf32, which rounds convolutions' factors to 11 bits for tensor cores (default: cpu)."`
	Quiet   bool             `record:"-" short:"q" group:"Common flags:" help:"No progress and no notes; warnings and errors remain."`
	JSON    bool             `record:"-" name:"json" group:"Common flags:" help:"Machine-readable result or error on standard output."`
	Version kong.VersionFlag `record:"-" group:"Common flags:" help:"Print the version and exit."`
}

func (c *Common) common() *Common { return c }

// exampler is a command, or a subcommand, with examples for the end of its help.
type exampler interface{ Examples() string }

// Defaults are those of flags that a subcommand may have otherwise, by a tag
// set:"NAME=VALUE" where it embeds them.
var Defaults = kong.Vars{"split": "test", "bn": "eval"}

// Main runs the command on the process's arguments and exits with its code.
// The app is a pointer to a kong struct that embeds [Common] and has a method
// Run(*Context) error, itself or in its subcommands. A method
// Examples() string, of the app or of a subcommand, is shown at the end of
// its help.
func Main(name, description string, app any) {
	os.Exit(Run(name, description, app, os.Args[1:], os.Stdout, os.Stderr))
}

// Run is Main with the arguments and streams given, returning the exit code.
func Run(name, description string, app any, args []string, stdout, stderr io.Writer) (code int) {
	out := &output{name: name, w: stderr, terminal: isTerminal(stderr) && os.Getenv("TERM") != "dumb"}
	fail := func(err error, asJSON bool) int {
		out.stopBar()
		if quietPipe(err) {
			return ExitFailed
		}
		out.errorLines(err)
		if asJSON {
			writeJSONError(stdout, err)
		}
		return ExitCode(err)
	}

	common := &Common{}
	if c, ok := app.(interface{ common() *Common }); ok {
		common = c.common()
	}

	// Kong exits by itself after --help and --version; a device that fails has
	// no other way to end its work.
	type exited int
	defer func() {
		r := recover()
		if e, ok := r.(exited); ok {
			code = int(e)
		} else if f := device.Recover(r); f != nil {
			code = fail(f, common.JSON)
		}
	}()
	parser, err := kong.New(app,
		kong.Name(name),
		kong.Description(description),
		Defaults,
		kong.Vars{"version": fmt.Sprintf("%s %s (%s %s/%s)", name, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}),
		kong.Help(help),
		kong.NamedMapper("threads", kong.MapperFunc(decodeThreads)),
	)
	if err != nil {
		return fail(err, false)
	}
	args, err = arguments(args)
	if err != nil {
		return fail(err, false)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(usage(err, name, parsed), asksJSON(args))
	}
	out.quiet = common.Quiet
	if err := common.check(); err != nil {
		return fail(err, common.JSON)
	}
	if most := mostThreads(); common.Threads > most {
		if !common.Quiet {
			out.line("", "--threads: %d are more than serve; taking %d", common.Threads, most)
		}
		common.Threads = most
	}

	ctx := &Context{Name: name, Version: Version(), Common: *common, stdout: stdout, out: out, flags: parsed.Flags()}
	defer ctx.watchSignals()()
	if err := parsed.Run(ctx); err != nil {
		return fail(err, common.JSON)
	}
	out.stopBar()
	return 0
}

// decodeThreads reads a number of threads; an empty SRN_THREADS is as good as none.
func decodeThreads(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("threads", &text); err != nil {
		return err
	}
	n := 0
	if text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q is no number of threads", text)
		}
	}
	target.SetInt(int64(n))
	return nil
}

// mostThreads is several for each core: more only take memory.
func mostThreads() int { return 4 * runtime.NumCPU() }

// check validates the common flags and resolves Threads to a number of at least 1.
func (c *Common) check() error {
	if c.Threads < 0 {
		return WithHint(Errorf(ExitUsage, "--threads: %d is negative", c.Threads), "0 takes every core")
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	_, err := device.CheckPlace(c.Device)
	return err
}

// usage turns kong's parse error into a usage error with a hint at the help.
func usage(err error, name string, ctx *kong.Context) error {
	command := name
	var parse *kong.ParseError
	if ctx == nil && errors.As(err, &parse) {
		ctx = parse.Context
	}
	if ctx != nil && ctx.Selected() != nil {
		command = ctx.Selected().FullPath()
	}
	return WithHint(&codedError{code: ExitUsage, err: err}, "run "+command+" --help for the flags and examples")
}

// quietPipe reports whether the reader of our output went away, which is no
// news to whoever closed it.
func quietPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

func writeJSONError(w io.Writer, err error) {
	b, jsonErr := json.Marshal(struct {
		Type     string   `json:"type"`
		ExitCode int      `json:"exit_code"`
		Message  string   `json:"message"`
		Hints    []string `json:"hints,omitempty"`
	}{"error", ExitCode(err), Message(err), Hints(err)})
	if jsonErr == nil {
		fmt.Fprintf(w, "%s\n", b)
	}
}

// asksJSON finds --json among arguments that could not be parsed.
func asksJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json")
}
