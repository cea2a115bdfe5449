package report

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
)

// runKey says which runs are repetitions of one experiment, apart from
// differing settings that [splitGroups] finds.
type runKey struct {
	Dataset, Data, Arch string // Data is the sha256 of the data artifact
	Method              string
	WeightDecay         float64
	Ratio               float64 // the guidance ratio held, 0 where λ is fixed
	Epochs              int
}

// run is one training run with what was measured on its checkpoints.
type run struct {
	runKey
	Seed     int64
	fit      *Source // nil for a checkpoint that came without its training records
	settings map[string]string
	epochs   []artifact.Record // by epoch
	final    artifact.Record
	evals    []artifact.Record // on the test split, by epoch
	held     []artifact.Record // on the held-out training images, by epoch
	tops     []artifact.Record // by epoch
	planes   []*plane          // landscapes of its checkpoints
	measured map[string][]artifact.Record

	surrogate *Source // the meta-training that made what guided it, nil where there was none or its records are not there
}

// heldOut is the split of training images that choices may look at.
const heldOut = "meta_val"

// plane is a landscape with its cells.
type plane struct {
	artifact.Record
	cells []artifact.Record
}

// measurements are the other types of records that belong to a checkpoint.
var measurements = []string{"density", "guidance", "stability"}

// last is the last epoch recorded.
func (r *run) last() int {
	last := 0
	for _, list := range [][]artifact.Record{r.epochs, r.evals, r.tops} {
		if n := len(list); n > 0 {
			last = max(last, whole(list[n-1], "epoch"))
		}
	}
	return last
}

// complete says that training reached its last epoch and said so.
func (r *run) complete() bool {
	if r.fit == nil {
		return true
	}
	return r.fit.Complete && (r.fit.Status == "" || r.fit.Status == "ok") && len(r.epochs) > 0 && whole(r.epochs[len(r.epochs)-1], "epoch") >= r.Epochs
}

func whole(r artifact.Record, key string) int {
	v, _ := r.Float(key)
	return int(v)
}

func newRun(s *Source) *run {
	config := settings(s.Header.Config)
	c, _ := s.Header.Config.(map[string]any)
	rec := artifact.Record(c)
	wd, _ := rec.Float("weight_decay")
	ratio, _ := rec.Float("guidance_ratio_target")
	r := &run{
		runKey: runKey{
			Dataset: rec.Text("dataset"), Data: s.data(rec), Arch: rec.Text("arch"),
			Method: cmp.Or(rec.Text("label"), rec.Text("method")), WeightDecay: wd, Ratio: ratio, Epochs: whole(rec, "epochs"),
		},
		Seed: s.Header.Seed, fit: s, settings: identity(config),
	}
	r.epochs = byEpoch(s.of("epoch"))
	if list := s.of("final"); len(list) > 0 {
		r.final = list[len(list)-1]
	}
	return r
}

// byEpoch sorts records by epoch; of several for one epoch the last written
// counts.
func byEpoch(list []artifact.Record) []artifact.Record {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b artifact.Record) int { return cmp.Compare(whole(a, "epoch"), whole(b, "epoch")) })
	var kept []artifact.Record
	for i, r := range list {
		if i+1 == len(list) || whole(list[i+1], "epoch") != whole(r, "epoch") {
			kept = append(kept, r)
		}
	}
	return kept
}

// collection is every run found, and what could not be placed.
type collection struct {
	runs      []*run
	meta      []*Source
	ambiguous int // records that fit several runs
	elsewhere int // evaluations on other splits than test
}

// collect makes a run of each training stream and gives it the records that
// were measured on its checkpoints. Measurements without a training stream
// make runs of their own.
func collect(sources []*Source) *collection {
	c := &collection{}
	for _, s := range sources {
		switch s.Header.Tool {
		case toolFit:
			c.runs = append(c.runs, newRun(s))
		case toolMeta:
			c.meta = append(c.meta, s)
		}
	}
	c.findSurrogates()
	trained := len(c.runs)
	for _, s := range sources {
		var last *plane
		for _, rec := range s.Records {
			kind := rec.Type()
			switch {
			case kind == "cell":
				if last != nil && last.Text("checkpoint") == rec.Text("checkpoint") {
					last.cells = append(last.cells, rec)
				}
				continue
			case kind == "eval" && rec.Text("split") != "" && rec.Text("split") != "test" && rec.Text("split") != heldOut:
				c.elsewhere++
				continue
			case kind != "eval" && kind != "top" && kind != "landscape" && !slices.Contains(measurements, kind):
				continue
			}
			if kind == "landscape" {
				last = &plane{Record: rec}
			}
			r := c.place(s, rec, trained)
			switch {
			case r == nil:
				c.ambiguous++
			case kind == "eval" && rec.Text("split") == heldOut:
				r.held = append(r.held, rec)
			case kind == "eval":
				r.evals = append(r.evals, rec)
			case kind == "top":
				r.tops = append(r.tops, rec)
			case kind == "landscape":
				r.planes = append(r.planes, last)
			default:
				if r.measured == nil {
					r.measured = map[string][]artifact.Record{}
				}
				r.measured[kind] = append(r.measured[kind], rec)
			}
		}
	}
	for _, r := range c.runs {
		r.evals, r.held = byEpoch(r.evals), byEpoch(r.held)
		r.tops = byCondition(r.tops)
		for kind, list := range r.measured {
			r.measured[kind] = byCondition(list)
		}
		slices.SortStableFunc(r.planes, func(a, b *plane) int { return cmp.Compare(whole(a.Record, "epoch"), whole(b.Record, "epoch")) })
		if r.fit == nil && r.Epochs == 0 {
			r.Epochs = r.last()
		}
	}
	return c
}

// findSurrogates gives each guided run the meta-training that wrote its
// surrogate, and tells runs apart by the surrogate's kind and those of its
// settings that are not the same in all meta-trainings of the kind.
func (c *collection) findSurrogates() {
	byHash := map[string]*Source{}
	byKind := map[string][]map[string]string{}
	for _, s := range c.meta {
		config := identity(settings(s.Header.Config))
		kind := surrogateKind(config)
		byKind[kind] = append(byKind[kind], config)
		for _, final := range s.of("final") {
			byHash[final.Text("surrogate_sha256")] = s
		}
	}
	for _, r := range c.runs {
		sum := r.fit.input("srn")
		if sum == "" {
			continue
		}
		if r.surrogate = byHash[sum]; r.surrogate == nil {
			continue
		}
		config := identity(settings(r.surrogate.Header.Config))
		kind := surrogateKind(config)
		differ := slices.DeleteFunc(differing(byKind[kind]), func(k string) bool { return k == "arch" || k == "dataset" })
		switch {
		case len(differ) > 0 && kind != "":
			r.settings["surrogate"] = kind + ", " + describe(config, differ)
		case len(differ) > 0:
			r.settings["surrogate"] = describe(config, differ)
		case len(byKind) > 1:
			r.settings["surrogate"] = kind
		}
	}
}

// surrogateKind is what a surrogate was fitted to, and its form: "gap
// dictionary". Records that name neither have none.
func surrogateKind(meta map[string]string) string {
	return strings.TrimSpace(meta["objective"] + " " + meta["surrogate"])
}

// place finds the run that a measurement belongs to: the one whose checkpoint
// has the recorded hash or, failing that, the one with the same data set,
// network, method, weight decay, seed and, if recorded, guidance ratio. It is nil where several fit.
func (c *collection) place(s *Source, rec artifact.Record, trained int) *run {
	want := runKey{Dataset: rec.Text("dataset"), Data: s.data(rec), Arch: rec.Text("arch"), Method: cmp.Or(rec.Text("label"), rec.Text("method"))}
	want.WeightDecay, _ = rec.Float("weight_decay")
	want.Ratio, _ = rec.Float("guidance_ratio_target")
	want.Epochs = whole(rec, "epochs")
	if want.Method == "" {
		want.Method = stem(rec.Text("checkpoint"))
	}
	seed := int64(whole(rec, "seed"))
	var fitting []*run
	for i, r := range c.runs {
		if sum := rec.Text("checkpoint_sha256"); sum != "" && r.final.Text("checkpoint_sha256") == sum {
			return r
		}
		same := r.Dataset == want.Dataset && r.Arch == want.Arch && r.Method == want.Method && r.WeightDecay == want.WeightDecay && r.Seed == seed
		if ratio, ok := rec.Float("guidance_ratio_target"); ok {
			same = same && r.Ratio == ratio
		}
		sameData := r.Data == want.Data || i < trained && (r.Data == "" || want.Data == "")
		sameLength := r.Epochs == want.Epochs || i < trained && want.Epochs == 0 && whole(rec, "epoch") <= r.Epochs
		if same && sameData && sameLength {
			fitting = append(fitting, r)
		}
	}
	switch len(fitting) {
	case 0:
		r := &run{runKey: want, Seed: seed}
		c.runs = append(c.runs, r)
		return r
	case 1:
		return fitting[0]
	}
	return nearest(fitting, rec.Text("checkpoint"))
}

// nearest is the run whose record file's name begins like the checkpoint's for
// longest, nil where two do equally.
func nearest(runs []*run, checkpoint string) *run {
	var best *run
	longest, tie := -1, false
	for _, r := range runs {
		if r.fit == nil {
			continue
		}
		n := 0
		for n < min(len(checkpoint), len(r.fit.Path)) && checkpoint[n] == r.fit.Path[n] {
			n++
		}
		switch {
		case n > longest:
			best, longest, tie = r, n, false
		case n == longest:
			tie = true
		}
	}
	if tie {
		return nil
	}
	return best
}

// stem is a file's name without folder and suffixes.
func stem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}
