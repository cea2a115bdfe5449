// Command bench measures what the commands' speed is, beside PyTorch's on the
// same machine where there is one, and prints tables of ratios. README.md
// says what the rows mean.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(o, os.Stdout, os.Stderr)
	}
	if err == flag.ErrHelp {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parts lists the parts in the order in which they run.
var parts = []struct {
	name string
	run  func(*bench) (section, error)
}{
	{"train", (*bench).train},
	{"eval", (*bench).eval},
	{"hvp", (*bench).hvp},
	{"lambda", (*bench).lambda},
	{"srn", (*bench).surrogate},
	{"refresh", (*bench).refresh},
	{"methods", (*bench).methods},
	{"isa", (*bench).instructions},
	{"memory", (*bench).memory},
	{"start", (*bench).start},
	{"accuracy", (*bench).accuracy},
	{"passes", (*bench).passes},
	{"hvp-passes", (*bench).hvpPasses},
}

func partNames() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// run measures the chosen parts and prints them as they are done, or all
// together as JSON.
func run(o options, out, messages io.Writer) (err error) {
	b, err := newBench(o, messages)
	if err != nil {
		return err
	}
	defer func() {
		if e := b.close(); err == nil {
			err = e
		}
	}()
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	m := describe(b.kernels, b.peer)
	if !o.json {
		fmt.Fprintln(out, m)
	}
	var sections []section
	for _, p := range parts {
		if len(o.only) > 0 && !slices.Contains(o.only, p.name) {
			continue
		}
		fmt.Fprintf(messages, "bench: %s\n", p.name)
		q := watch(b.peer)
		s, err := p.run(b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.Notes = append(s.Notes, q.noise())
		if b.device != "cpu" {
			s.Notes = append(s.Notes, "both sides compute on "+b.name+", in float32")
		}
		sections = append(sections, s)
		if !o.json {
			if err := s.print(out); err != nil {
				return err
			}
		}
	}
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"machine": m, "sections": sections})
	}
	return nil
}

// peerHint tells how to get the peer.
const peerHint = "to compare: python3 -m venv venv && venv/bin/pip install torch numpy && make bench PYTHON=venv/bin/python"

// options are the flags.
type options struct {
	only, archs     []string
	methodNames     []string
	threads         []int
	quick, json     bool
	data, device    string
	checkpoint      string
	python, script  string
	bin             string
	batch           int
	rounds          int
	window, budget  float64
	profile         string
	refreshes       []int
	trajectory      []int
	ages            []int
	images, evalled int
	lambdaImages    int
}

func parse(args []string, messages io.Writer) (options, error) {
	var o options
	var only, archs, threads, methods string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(messages)
	f.StringVar(&only, "only", "", "parts to run, by commas: "+strings.Join(partNames(), ", "))
	f.StringVar(&archs, "arch", "resnet8,resnet20,resnet32", "networks, by commas")
	f.StringVar(&threads, "threads", "1,2", "numbers of threads, by commas")
	f.StringVar(&methods, "methods", allMethods(), "what the part methods measures, by commas")
	f.BoolVar(&o.quick, "quick", false, "few and short repeats: does it run at all?")
	f.BoolVar(&o.json, "json", false, "print JSON instead of tables")
	f.StringVar(&o.checkpoint, "checkpoint", "", "network for accuracy (default: one trained for some steps)")
	f.StringVar(&o.data, "data", "", "data artifact of srn-split (default: synthetic images)")
	f.StringVar(&o.device, "device", "cpu", "where both sides compute: cpu, or cuda[:N][+tf32] in builds that have it, for the parts train, eval, hvp and srn")
	f.StringVar(&o.python, "python", "python3", "Python with torch and numpy; empty: measure ours alone")
	f.StringVar(&o.script, "peer", "bench/peer.py", "the peer's script")
	f.StringVar(&o.bin, "bin", "bin", "folder of the built commands")
	f.IntVar(&o.batch, "batch", 128, "images of a step")
	f.IntVar(&o.rounds, "rounds", 15, "measurements of each contender, at most")
	f.Float64Var(&o.window, "window", 0.25, "seconds that a measurement lasts at least")
	f.Float64Var(&o.budget, "budget", 30, "seconds for the rounds of one contest; 3 rounds are always run")
	f.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile of the whole run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.archs, o.methodNames = strings.Split(archs, ","), strings.Split(methods, ",")
	for t := range strings.SplitSeq(threads, ",") {
		var n int
		if _, err := fmt.Sscan(t, &n); err != nil || n < 1 {
			return o, fmt.Errorf("-threads %s: want numbers by commas", threads)
		}
		o.threads = append(o.threads, n)
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, p := range o.only {
		if !slices.Contains(partNames(), p) {
			return o, fmt.Errorf("-only %s: the parts are %s", p, strings.Join(partNames(), ", "))
		}
	}
	o.refreshes, o.trajectory, o.ages = []int{1, 2, 5, 10, 20, 50}, []int{0, 50, 200}, []int{1, 4, 9, 19, 49}
	o.images, o.evalled, o.lambdaImages = 6400, 1024, 1000
	if o.quick {
		if methods == allMethods() {
			o.methodNames = []string{"srn", "autoaugment", "r-drop", "gradalign", "val-guided", "sam"}
		}
		o.rounds, o.window, o.budget = 3, 0, 0
		o.refreshes, o.trajectory, o.ages = []int{1, 2}, []int{0}, []int{1}
		o.images, o.evalled, o.lambdaImages = 3*o.batch, 2*o.batch, 2*o.batch
	}
	return o, nil
}
