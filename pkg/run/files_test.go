package run

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

const format = "srn-checkpoint/1"

// scene is a folder in which runs leave files.
type scene struct {
	t   *testing.T
	dir string
}

func (s scene) files(c config) Files {
	return Files{Output: filepath.Join(s.dir, "net"), Metrics: filepath.Join(s.dir, "m.jsonl"),
		Series:     Series{Folder: filepath.Join(s.dir, "series"), Pattern: "epoch-[0-9]*", Names: []string{"epoch-0001", "epoch-0002"}},
		Provenance: artifact.Provenance{Format: format, Tool: "srn-hessian", Version: "v1", Config: c}}
}

func (s scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// checkpoint writes the file of a run.
func (s scene) checkpoint(path string, c config, complete string) {
	s.t.Helper()
	metadata, err := s.files(c).Provenance.Metadata()
	s.must(err)
	metadata["complete"] = complete
	s.must(os.MkdirAll(filepath.Dir(path), 0o777))
	s.must(artifact.Write(path, &artifact.File{Metadata: metadata}))
}

func (s scene) output(c config) { s.t.Helper(); s.checkpoint(s.files(c).Output, c, "true") }

func (s scene) series(c config, names ...string) {
	s.t.Helper()
	for _, n := range names {
		s.checkpoint(filepath.Join(s.dir, "series", n), c, "false")
	}
}

func (s scene) state(c config, records int) {
	s.t.Helper()
	s.must(save(s.files(c), records))
}

func save(f Files, records int) error {
	state, err := f.State(map[string]string{"epoch": "2"}, records, nil)
	if err == nil {
		_, err = f.SaveState(state)
	}
	return err
}

// metrics writes records that end with a status, "" for none.
func (s scene) metrics(c config, status string) {
	s.t.Helper()
	w, err := artifact.CreateRecords(s.files(c).Metrics, record.Header{Tool: "srn-hessian", Version: "v1", Config: c, Seed: c.Seed})
	s.must(err)
	s.must(w.Write(record.Surrogate{}))
	if status == "" {
		s.must(w.Close())
		return
	}
	s.must(w.End(status))
}

// listing is every file with its content.
func (s scene) listing() map[string]string {
	all := map[string]string{}
	s.must(filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, s.dir+"/")] = string(b)
		return err
	}))
	return all
}

// What lies at a run's names decides, with the mode, how it begins. A refusal
// touches nothing.
func TestBegin(t *testing.T) {
	mine := testConfig()
	other := mine
	other.LR = 0.2
	slower := mine
	slower.Kernels = "cpu [generic]"
	const differs = " is of another run: lr was 0.2 and is now 0.1"
	for _, test := range []struct {
		name          string
		leave         func(s scene)
		start, resume string // "" begins, "complete", "resumes", or a part of the refusal
	}{
		{"nothing", func(scene) {}, "", ""},
		{"interrupted", func(s scene) { s.state(mine, 1); s.metrics(mine, ""); s.series(mine, "epoch-0001") },
			"net.state: is the state of this run, which is not complete", "resumes"},
		{"interrupted, another's", func(s scene) { s.state(other, 1); s.metrics(other, "") }, "net.state" + differs, "net.state" + differs},
		{"another's metrics", func(s scene) { s.state(mine, 1); s.metrics(other, "") }, "net.state: is the state", "m.jsonl.partial" + differs},
		{"other kernels", func(s scene) { s.state(slower, 1); s.metrics(slower, "") }, "kernels was cpu [generic] and is now cpu [avx2]", "kernels was cpu [generic] and is now cpu [avx2]"},
		{"metrics deleted", func(s scene) { s.state(mine, 1) }, "net.state: is the state", "but there is no DIR/m.jsonl"},
		{"killed before the first state", func(s scene) { s.metrics(mine, "") }, "m.jsonl.partial: has metrics of this run", ""},
		{"killed before the first state, another's", func(s scene) { s.metrics(other, "") }, "m.jsonl.partial" + differs, "m.jsonl.partial" + differs},
		{"killed before the output", func(s scene) { s.state(mine, 1); s.metrics(mine, "ok"); s.series(mine, "epoch-0001", "epoch-0002") },
			"net.state: is the state", "resumes"},
		{"diverged", func(s scene) { s.state(mine, 1); s.metrics(mine, "diverged") }, "net.state: is the state", "resumes"},
		{"complete", func(s scene) { s.output(mine); s.metrics(mine, "ok"); s.series(mine, "epoch-0001", "epoch-0002") }, "complete", "complete"},
		{"complete, state left", func(s scene) {
			s.output(mine)
			s.state(mine, 1)
			s.metrics(mine, "ok")
			s.series(mine, "epoch-0001", "epoch-0002")
		}, "complete", "complete"},
		{"complete, other kernels", func(s scene) { s.output(slower); s.metrics(slower, "ok"); s.series(slower, "epoch-0001", "epoch-0002") }, "complete", "complete"},
		{"complete, metrics deleted", func(s scene) { s.output(mine); s.series(mine, "epoch-0001", "epoch-0002") },
			"net is complete, but there is no DIR/m.jsonl", "net is complete, but there is no DIR/m.jsonl"},
		{"complete, series deleted", func(s scene) { s.output(mine); s.metrics(mine, "ok"); s.series(mine, "epoch-0002") },
			"but there is no DIR/series/epoch-0001", "but there is no DIR/series/epoch-0001"},
		{"complete, another's metrics", func(s scene) { s.output(mine); s.metrics(other, "ok"); s.series(mine, "epoch-0001", "epoch-0002") },
			"m.jsonl" + differs, "m.jsonl" + differs},
		{"complete, another's series", func(s scene) {
			s.output(mine)
			s.metrics(mine, "ok")
			s.series(mine, "epoch-0001", "epoch-0002")
			s.series(other, "epoch-0003")
		}, "epoch-0003" + differs, "epoch-0003" + differs},
		{"another's output", func(s scene) { s.output(other) }, "net" + differs, "net" + differs},
		{"another's output beside the state", func(s scene) { s.output(other); s.state(mine, 1); s.metrics(mine, "") }, "net" + differs, "net" + differs},
		{"another's series", func(s scene) { s.series(other, "epoch-0007") }, "epoch-0007" + differs, "epoch-0007" + differs},
		{"a file of something else", func(s scene) { s.must(os.WriteFile(s.dir+"/net", []byte("dear diary"), 0o666)) },
			"net: is a file of something else", "net: is a file of something else"},
		{"metrics of something else", func(s scene) { s.must(os.WriteFile(s.dir+"/m.jsonl", []byte("dear diary"), 0o666)) },
			"m.jsonl: is a file of something else", "m.jsonl: holds no whole record"},
		{"a state of something else", func(s scene) { s.must(os.WriteFile(s.dir+"/net.state", []byte("dear diary"), 0o666)) },
			"net.state: is where the run keeps its state", "; remove it to start afresh"},
		{"a checkpoint of the midst", func(s scene) { s.checkpoint(s.dir+"/net", mine, "false") }, "net: is of the midst of a run", "net: is of the midst of a run"},
	} {
		for mode, want := range map[Mode]string{Start: test.start, Resume: test.resume, Overwrite: ""} {
			s := scene{t, t.TempDir()}
			test.leave(s)
			before := s.listing()
			b, err := s.files(mine).Begin(mode)
			after := s.listing()
			want = strings.ReplaceAll(want, "DIR", s.dir)
			got := ""
			switch {
			case err != nil:
				got = err.Error()
			case b.Complete:
				got = "complete"
			case b.State != nil:
				got = "resumes"
			}
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s, mode %d: %s, want %s", test.name, mode, got, want)
			}
			switch {
			case mode == Overwrite:
				if len(after) > 0 {
					t.Errorf("%s: overwriting leaves %d files", test.name, len(after))
				}
			case b.Complete:
				if _, err := os.Stat(s.dir + "/net.state"); err == nil {
					t.Errorf("%s: the state of a complete run is left", test.name)
				}
			case len(before) != len(after):
				t.Errorf("%s, mode %d: files were touched", test.name, mode)
			}
			if err != nil {
				var coder interface{ ExitCode() int }
				var bad *artifact.FormatError
				if !errors.As(err, &bad) && (!errors.As(err, &coder) || coder.ExitCode() != 2) {
					t.Errorf("%s, mode %d: %v has no exit code", test.name, mode, err)
				}
			}
		}
	}
}

// Without the metrics that were written before, or with some that were not, a
// run is not resumed.
func TestResumeNeedsTheSameMetrics(t *testing.T) {
	s := scene{t, t.TempDir()}
	c := testConfig()
	s.state(c, 1)
	s.metrics(c, "")
	without := s.files(c)
	without.Metrics = ""
	var refused *SettingError
	if _, err := without.Begin(Resume); !errors.As(err, &refused) || refused.Setting != "metrics" {
		t.Errorf("metrics left out: %v", err)
	}
	s.must(save(without, 0))
	if _, err := s.files(c).Begin(Resume); !errors.As(err, &refused) || refused.Setting != "metrics" {
		t.Errorf("metrics added: %v", err)
	}
}

// What is not a file cannot be resumed, and nothing stands in its way.
func TestBeginOfStreams(t *testing.T) {
	s := scene{t, t.TempDir()}
	f := s.files(testConfig())
	f.Output, f.Series = "-", Series{}
	if b, err := f.Begin(Start); err != nil || b.StatePath != "" {
		t.Errorf("%+v, %v", b, err)
	}
	var occupied *OccupiedError
	if _, err := f.Begin(Resume); !errors.As(err, &occupied) {
		t.Errorf("resumed: %v", err)
	}
	f = s.files(testConfig())
	f.Metrics = "/dev/null"
	if _, err := f.Begin(Start); err != nil {
		t.Error(err)
	}
	if _, err := f.Begin(Resume); !errors.As(err, &occupied) {
		t.Errorf("resumed: %v", err)
	}
}

// A run that is going on is not removed.
func TestOverwriteOfARunningOne(t *testing.T) {
	s := scene{t, t.TempDir()}
	c := testConfig()
	w, err := artifact.CreateRecords(s.files(c).Metrics, record.Header{Tool: "srn-hessian", Config: c, Seed: c.Seed})
	s.must(err)
	defer w.Close()
	s.state(c, 0)
	if _, err := s.files(c).Begin(Overwrite); err == nil || !strings.Contains(err.Error(), "another process is writing it") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(s.dir + "/net.state"); err != nil {
		t.Error(err)
	}
}

func TestNamesThatClash(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, test := range []struct {
		output, metrics, input string
		clash                  bool
	}{
		{in("a"), in("b"), in("c"), false}, {in("a"), in("a"), "", true}, {in("a"), in("a.state"), "", true}, {in("m.partial"), in("m"), "", true},
		{in("a"), in("b"), in("b"), true}, {in("a"), in("b"), in("a.state"), true}, {in("a"), in("b"), in("b.partial"), true},
		{in("a"), "", in("./a"), true}, {"-", "", "-", false},
	} {
		err := Files{Output: test.output, Metrics: test.metrics}.CheckNames(test.input)
		var clash *ClashError
		if errors.As(err, &clash) != test.clash || !test.clash && err != nil {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if err := (Files{Output: "-", Metrics: "-"}).CheckNames(); err == nil {
		t.Error("both are standard output")
	}
	if err := (Files{Output: in("a"), Metrics: in(strings.Repeat("x", 250))}).CheckNames(); err == nil {
		t.Error("a name without room for .partial")
	}
	if err := (Files{Output: in(strings.Repeat("x", 250)), Metrics: ""}).CheckNames(); err == nil {
		t.Error("a name without room for .state")
	}
}
