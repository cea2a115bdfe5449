package conclude

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

func evaluated(epoch int, top1 float64) *record.Eval {
	return &record.Eval{Subject: record.Subject{Epoch: &epoch, Examined: record.Examined{Split: "test", Images: 10000}}, Top1: top1, Loss: 1}
}

// arm has a run for each top-1, of seeds from 0 on; 0 is one that diverged.
func arm(method string, change func(*record.Fit), top1 ...float64) []*load.Run {
	official := true
	f := record.Fit{Network: record.Network{Arch: "resnet8", Classes: 10}, Training: record.Training{
		Data:    record.Data{Dataset: "cifar10", DataOfficial: &official, TrainImages: 50000, TestImages: 10000},
		Methods: strings.Split(method, "+"), Method: method, Epochs: 30, LR: 0.06}}
	if change != nil {
		change(&f)
	}
	var runs []*load.Run
	for seed, v := range top1 {
		r := &load.Run{Fit: f, Known: true, Trained: &load.Source{Stream: artifact.Stream{Complete: true, Status: record.OK}}, Curve: []*record.Epoch{{Epoch: 30}}}
		r.Seed = int64(seed)
		if v == 0 {
			r.Trained.Status, r.Curve = record.Diverged, nil
		} else {
			r.Tests = []*record.Eval{evaluated(30, v)}
		}
		runs = append(runs, r)
	}
	return runs
}

// arrange makes the cohort of runs.
func arrange(t *testing.T, arms ...[]*load.Run) *study.Cohort {
	t.Helper()
	s := study.Arrange(&load.Runs{Trainings: slices.Concat(arms...)})
	if len(s.Cohorts) != 1 {
		t.Fatalf("%d cohorts", len(s.Cohorts))
	}
	return s.Cohorts[0]
}

func surrogate(f *record.Fit) { f.SRN, f.Surrogate, f.GuidanceRatio = "s", "gap dictionary", 0.1 }

func draw(n any) func(*record.Fit) {
	return func(f *record.Fit) {
		surrogate(f)
		f.Parameters = map[string]any{"srn-untrained.init-seed": n}
	}
}

func decay(v float64) func(*record.Fit) { return func(f *record.Fit) { f.WeightDecay = v } }

func measuredHeldOut(runs []*load.Run, top1 ...float64) []*load.Run {
	for i, v := range top1 {
		runs[i].HeldOut = []*record.Eval{evaluated(30, v)}
	}
	return runs
}

// TestBaselines: paired with the same protocol, and nothing else.
func TestBaselines(t *testing.T) {
	ce := arm("ce", nil, 0.80, 0.81, 0.79, 0.805)
	other := arm("ce", func(f *record.Fit) { f.LR = 0.03 }, 0.9, 0.9, 0.9, 0.9)
	sam := arm("sam", nil, 0.82, 0.831, 0.808)
	cutout := arm("cutout", func(f *record.Fit) { f.LR = 0.1 }, 0.9, 0.9)
	f := Baselines(arrange(t, other, ce, sam, cutout), 0.005)
	if len(f) != 1 || !strings.HasPrefix(f[0].Of, "sam") || f[0].Pairs != 3 || math.Abs(f[0].Mean-0.0197) > 1e-4 || f[0].Verdict != stats.Better {
		t.Fatalf("%+v", f)
	}
	if f[0].Detectable <= f[0].SD || f[0].Needed < 2 {
		t.Errorf("plans: %+v", f[0])
	}
	// One family: among more tests the same difference needs more.
	many := [][]*load.Run{ce, sam}
	for i := range 30 {
		many = append(many, arm("mixup", func(f *record.Fit) { f.Parameters = map[string]any{"mixup.alpha": float64(i)} }, 0.80, 0.812, 0.79, 0.806))
	}
	for _, k := range Baselines(arrange(t, many...), 0.005) {
		if k.Family != 31 || k.Of == "sam" && k.Corrected <= k.Test.P {
			t.Errorf("%+v", k)
		}
	}
}

// TestFailedRuns are counted, whether they diverged or ended at chance.
func TestFailedRuns(t *testing.T) {
	ce := arm("ce", nil, 0.80, 0.81, 0.79, 0.805, 0.8)
	f := Baselines(arrange(t, ce, arm("sam", nil, 0.9, 0, 0.9, 0.102, 0.9)), 0.005)
	if len(f) != 1 || f[0].Failed != [2]int{2, 0} || f[0].Pairs != 5 || f[0].N != 3 || f[0].Verdict == stats.Better || f[0].Test != nil {
		t.Errorf("%+v", f)
	}
	if s := f[0].Sentence(); !strings.HasPrefix(s, "sam fails (diverges, or ends at chance) in 2 of 5 runs, ce in none") {
		t.Error(s)
	}
	f = Baselines(arrange(t, ce, arm("sam", nil, 0, 0, 0.1, 0.102, 0.11)), 0.005)
	if f[0].Verdict != stats.Worse {
		t.Errorf("%+v", f[0])
	}
}

// TestUntrained: draws that all seeds share are a sample of their own.
func TestUntrained(t *testing.T) {
	srn := arm("srn", surrogate, 0.820, 0.812, 0.818, 0.815)
	draws := [][]*load.Run{arm("srn-untrained", draw(1.0), 0.810, 0.803, 0.808, 0.805), arm("srn-untrained", draw(2.0), 0.800, 0.792, 0.798, 0.796), arm("srn-untrained", draw(3.0), 0.815, 0.808, 0.814, 0.809)}
	find := func(arms ...[]*load.Run) Comparison {
		t.Helper()
		f := Guided(arrange(t, arms...), 0.005)
		for _, k := range f {
			if k.Role == compare.Untrained {
				return k
			}
		}
		t.Fatalf("no control: %+v", f)
		return Comparison{}
	}
	k := find(append(draws, srn)...)
	if k.Draws != 3 || k.Pairs != 4 || k.Test == nil || k.Verdict != stats.Unresolved || !k.Shared || k.Needed != 0 {
		t.Errorf("%+v", k)
	}
	if k = find(srn, draws[0]); k.Test != nil || k.Verdict != stats.Untested || !strings.Contains(k.Sentence(), "one initialisation does not tell") {
		t.Errorf("one draw: %+v, %s", k, k.Sentence())
	}
	var own [][]*load.Run // each draw with a seed of its own
	for i, d := range draws {
		own = append(own, d[i:i+1])
	}
	if k = find(append(own, srn)...); k.Draws != 0 || k.Pairs != 3 || k.Test == nil {
		t.Errorf("fresh draws: %+v", k)
	}
	if k = find(srn, arm("srn-untrained", draw("run"), 0.810, 0.803, 0.808, 0.806)); k.Draws != 0 || k.Pairs != 4 || k.Verdict != stats.Better {
		t.Errorf("a draw of each seed: %+v", k)
	}
	if s := Conclusion([]Comparison{k}); !strings.Contains(s, "this one surrogate") {
		t.Errorf("a surrogate that all seeds share: %s", s)
	}
}

// TestTuned: half of the seeds choose, the others test, and nothing that lacks
// seeds is chosen.
func TestTuned(t *testing.T) {
	srn := arm("srn", surrogate, 0.80, 0.81, 0.79, 0.805, 0.80)
	lr := func(f *record.Fit) { f.LR = 0.03 }
	good := measuredHeldOut(arm("ce", lr, 0.82, 0.83, 0.81, 0.82, 0.82), 0.85, 0.85, 0.5, 0.5, 0.5) // best on the seeds that choose
	lucky := measuredHeldOut(arm("weight-decay", decay(1e-3), 0.9, 0.9), 0.99, 0.99)
	flattered := measuredHeldOut(arm("weight-decay", decay(2e-3), 0.7, 0.7, 0.9, 0.9, 0.9), 0.7, 0.7, 0.99, 0.99, 0.99)
	f := Guided(arrange(t, srn, good, lucky, flattered), 0.005)
	if len(f) != 1 || f[0].Role != Tuned || !strings.Contains(f[0].Against, "lr 0.03") || f[0].Choosers != 2 || f[0].Pairs != 3 || f[0].Seeds[0] != 2 {
		t.Fatalf("%+v", f)
	}
	// Stopped early: the epoch that held-out images choose.
	for _, r := range good {
		r.HeldOut = []*record.Eval{evaluated(10, 0.9), evaluated(30, 0.85)}
		r.Tests = []*record.Eval{evaluated(10, 0.6), evaluated(30, 0.82)}
		r.Curve = []*record.Epoch{{Epoch: 10}, {Epoch: 30}}
	}
	f = Guided(arrange(t, srn, good), 0.005)
	if len(f) != 1 || !strings.HasSuffix(f[0].Against, ", stopped early") || f[0].Mean < 0.15 {
		t.Errorf("%+v", f)
	}
}

func TestLate(t *testing.T) {
	ce, srn := arm("ce", nil, 0.8, 0.8, 0.8), arm("srn", surrogate, 0.8, 0.8, 0.8)
	for i, r := range append(slices.Clone(ce), srn...) {
		step, level := 1, 50*(1+float64(r.Seed))
		if i >= 3 {
			step, level = 2, level*(0.79+0.01*float64(r.Seed))
		}
		for e := step; e <= 30; e += step {
			v := level * (1 + 0.1*math.Sin(float64(e)))
			if e%4 == 0 && e > 4 && e < 28 {
				v *= 4
			}
			top := &record.Top{Subject: record.Subject{Epoch: &e}, Matrix: record.Matrix{Operator: "hessian"}}
			top.LambdaMax = v
			r.Tops = append(r.Tops, top)
		}
	}
	c := arrange(t, ce, srn)
	cond := study.Conditions(c.Groups)[0]
	list := LateOf(c, cond)
	if len(list) != 2 || len(list[0].Seeds) != 0 || len(list[1].Seeds) != 3 {
		t.Fatalf("%+v", list)
	}
	l := list[1]
	if math.Abs(l.Ratio.Mean-0.8) > 1e-3 || l.Ratio.N != 3 || l.Ratio.Test == nil || l.Checkpoints != [2]int{4, 15} {
		t.Errorf("%+v", l)
	}
	if l.Spikes[0].Mean != l.Spikes[1].Mean || l.Spikes[0].Mean == 0 || l.SpikesMore.Test != nil {
		t.Errorf("spikes of one process on equal checkpoints: %+v against %+v", l.Spikes, l.SpikesMore)
	}
	// Two checkpoints in the window tell neither a variance nor spikes.
	for _, r := range srn {
		r.Tops = r.Tops[13:]
	}
	if l = LateOf(arrange(t, ce, srn), cond)[1]; l.Variance.N != 0 || l.SpikesMore.N != 0 || l.Ratio.N != 3 {
		t.Errorf("%+v", l)
	}
}

func TestSpikes(t *testing.T) {
	for _, c := range []struct {
		curve []float64
		want  int
	}{
		{nil, 0}, {[]float64{5, 4, 3}, 0}, {[]float64{1, 9, 1}, 1},
		{[]float64{10, 11, 10, 11, 10}, 0},             // ripples
		{[]float64{10, 40, 12, 45, 11, 60, 10}, 3},     // each rises by more than the median
		{[]float64{10, 30, 29, 31, 10, 10, 10, 10}, 1}, // one peak with a dent
		{[]float64{100, 10, 10, 10, 100}, 0},           // ends are no peaks
	} {
		if got := spikes(c.curve); got != c.want {
			t.Errorf("%v: %d spikes, want %d", c.curve, got, c.want)
		}
	}
}

func TestOverall(t *testing.T) {
	c := arrange(t, arm("ce", nil, 0.80, 0.813), arm("sam", nil, 0.81, 0.82), arm("srn", surrogate, 0.80, 0.81))
	v, ok := ChanceOfBest(c.Groups[2], c.Groups[:2], study.Top1)
	if !ok || !(v > 0 && v < 0.01) {
		t.Errorf("%g, %v", v, ok)
	}
	if _, ok = ChanceOfBest(c.Groups[2], arrange(t, arm("ce", nil, 0.8, 0.81, 0.8), arm("sam", nil, 0.81)).Groups, study.Top1); ok {
		t.Error("of unequal seeds")
	}
}

// TestWords: each kind of comparison has its sentence.
func TestWords(t *testing.T) {
	ce := arm("ce", nil, 0.80, 0.81, 0.79)
	for want, top1 := range map[string][]float64{
		"sam scores 2.00 points of top-1 more than ce (95% interval +1.75 to +2.25, 3 paired seeds, p < 0.001)":               {0.82, 0.831, 0.809},
		"sam against ce: +1.00 points of top-1 in each of 2 pairs; without scatter the true difference is not told":           {0.81, 0.82},
		"sam against ce: +1.00 points of top-1 with the one seed that both have; one pair tells nothing of chance":            {0.81},
		"sam fails (diverges, or ends at chance) in 2 of 2 runs, ce in none: not told apart (rank-sum test of all, p = 0.33)": {0, 0.1},
	} {
		if got := strings.ReplaceAll(Baselines(arrange(t, ce, arm("sam", nil, top1...)), 0.005)[0].Sentence(), "\u00a0", " "); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
	s := Baselines(arrange(t, ce, arm("sam", nil, 0.801, 0.809, 0.795)), 0.005)[0].Sentence()
	if !strings.HasPrefix(s, "sam is not told apart from ce: +0.17 points") || !strings.Contains(s, "a true difference of") {
		t.Error(s)
	}
	c := arrange(t, ce, arm("srn", surrogate, 0.801, 0.809, 0.795), arm("sam", nil, 0.82, 0.831, 0.809), arm("mixup", nil, 0.80))
	lead := Lead(c, Baselines(c, 0.005), Guided(c, 0.005))
	if len(lead) != 2 || !strings.HasPrefix(lead[0], "srn") || !strings.HasPrefix(lead[1], "Better than cross-entropy: sam (+2.00)") || !strings.Contains(lead[1], "not tested against cross-entropy: mixup") {
		t.Errorf("%q", lead)
	}
	if lead = Lead(arrange(t, ce), nil, nil); fmt.Sprint(lead) != "[ce ends at 80.00% top-1 ± 1.00 (3 seeds)]" {
		t.Errorf("%q", lead)
	}
}
