package main

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/record"
	"srn/pkg/srn/meta"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"srn-meta": main})
}

func TestScripts(t *testing.T) {
	data, err := dataset.Synthetic(200, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := data.Part(0.25, 1); err != nil {
		t.Fatal(err)
	}
	data.Normalise()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			return data.Save(filepath.Join(env.WorkDir, "data.safetensors.zst"), artifact.Provenance{Tool: "test"})
		},
	})
}

// The flags' defaults are those of the package.
func TestDefaults(t *testing.T) {
	var m command
	parser, err := kong.New(&m, kong.NamedMapper("threads", kong.MapperFunc(func(ctx *kong.DecodeContext, _ reflect.Value) error {
		_ = ctx.Scan.Pop()
		return nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	got := encode(t, meta.Config{Config: m.Config, TargetConfig: m.TargetConfig, Options: m.Options, ScheduleConfig: m.ScheduleConfig, ObjectiveConfig: m.ObjectiveConfig})
	if want := encode(t, meta.Default()); got != want {
		t.Errorf("flags' defaults\n%s\nwant the package's\n%s", got, want)
	}
	flags := map[string]bool{}
	for _, f := range parser.Model.Flags {
		flags[f.Name] = true
	}
	for _, c := range meta.Choices() {
		if !flags[c.Flag] {
			t.Errorf("--describe names --%s, which is no flag", c.Flag)
		}
		if c.Why == "" || c.Default == "" || strings.Contains(c.Help, "${") {
			t.Errorf("--%s: %+v", c.Flag, c)
		}
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := record.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var update = flag.Bool("update", false, "rewrite the table of docs/srn.md")

// The documentation's table is what the flags say.
func TestDocumentedChoices(t *testing.T) {
	const path, begin, end = "../../docs/srn.md", "<!-- choices -->\n", "<!-- end of choices -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the table's marks are missing")
	}
	var want strings.Builder
	want.WriteString("| flag | default | what it decides | why |\n|---|---|---|---|\n")
	for _, c := range meta.Choices() {
		row := "| `--" + c.Flag + "` | " + c.Default + " | " + strings.TrimSuffix(c.Help, ".") + " | " + c.Why + " |\n"
		want.WriteString(row)
	}
	if have == want.String() {
		return
	}
	if !*update {
		t.Fatal("docs/srn.md is not what the flags say: run go test ./cmd/srn-meta -update")
	}
	if err := os.WriteFile(path, []byte(before+begin+want.String()+end+after), 0o666); err != nil {
		t.Fatal(err)
	}
}
