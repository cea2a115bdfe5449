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
// surrogate, and tells runs apart by what tells the surrogates apart.
func (c *collection) findSurrogates() {
	var configs []map[string]string
	for _, s := range c.meta {
		configs = append(configs, identity(settings(s.Header.Config)))
	}
	byHash, names := map[string]int{}, surrogateNames(configs)
	for i, s := range c.meta {
		for _, final := range s.of("final") {
			byHash[final.Text("surrogate_sha256")] = i
		}
	}
	for _, r := range c.runs {
		sum := r.fit.input("srn")
		i, ok := byHash[sum]
		if sum == "" || !ok {
			continue
		}
		if r.surrogate = c.meta[i]; names[i] != "" {
			r.settings["surrogate"] = names[i]
		}
	}
}

// surrogateNames tell meta-trainings apart: by what the surrogate was fitted to
// and its form, "gap dictionary", where there are several kinds, and by the
// settings that are not the same in all of the kind.
func surrogateNames(metas []map[string]string) []string {
	kind := func(m map[string]string) string { return strings.TrimSpace(m["objective"] + " " + m["surrogate"]) }
	byKind := map[string][]map[string]string{}
	for _, m := range metas {
		byKind[kind(m)] = append(byKind[kind(m)], m)
	}
	var names []string
	for _, m := range metas {
		var parts []string
		if k := kind(m); len(byKind) > 1 && k != "" {
			parts = append(parts, k)
		}
		differ := slices.DeleteFunc(differing(byKind[kind(m)]), func(k string) bool { return k == "arch" || k == "dataset" })
		if len(differ) > 0 {
			parts = append(parts, describe(m, differ))
		}
		names = append(names, strings.Join(parts, ", "))
	}
	return names
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
	return nearest(fitting, s, rec.Text("checkpoint"))
}

// nearest is the run that a checkpoint lies nearest to, by the beginning of
// names: those of the runs' last checkpoints among the same measurements, or
// else of the runs' record files. It is nil where two are equally near.
func nearest(runs []*run, s *Source, checkpoint string) *run {
	last := func(r *run) string {
		for _, rec := range s.Records {
			if sum := rec.Text("checkpoint_sha256"); sum != "" && sum == r.final.Text("checkpoint_sha256") {
				return rec.Text("checkpoint")
			}
		}
		return ""
	}
	records := func(r *run) string {
		if r.fit == nil {
			return ""
		}
		return r.fit.Path
	}
	for _, name := range []func(*run) string{last, records} {
		var best *run
		longest, tie := 0, true
		for _, r := range runs {
			at := name(r)
			if at == "" {
				continue
			}
			n := 1
			for n <= min(len(checkpoint), len(at)) && checkpoint[n-1] == at[n-1] {
				n++
			}
			switch {
			case n > longest:
				best, longest, tie = r, n, false
			case n == longest:
				tie = true
			}
		}
		if !tie {
			return best
		}
	}
	return nil
}

// stem is a file's name without folder and suffixes.
func stem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}
