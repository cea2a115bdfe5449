package run

import (
	"fmt"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

type inner struct {
	Rho float64 `json:"rho"`
}

type config struct {
	Method  string  `json:"method"`
	LR      float64 `json:"lr"`
	Seed    int64   `json:"seed"`
	Tau     any     `json:"tau"`
	Params  inner   `json:"parameters"`
	Extra   string  `json:"extra,omitempty"`
	Kernels string  `json:"kernels"`
}

func testConfig() config {
	return config{Method: "sam", LR: 0.1, Seed: 1<<62 + 1, Params: inner{0.05}, Kernels: "cpu [avx2]"}
}

func settings(t *testing.T, c any, inputs ...record.Input) Settings {
	t.Helper()
	s, err := NewSettings("srn-fit", "v1", c, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDifferences(t *testing.T) {
	data := record.Input{Name: "data", Path: "a", SHA256: strings.Repeat("ab", 32)}
	was := settings(t, testConfig(), data)
	for want, change := range map[string]func(c *config, in *record.Input){
		"[] []":                          func(_ *config, in *record.Input) { in.Path = "b" },
		"[lr was 0.1 and is now 0.2] []": func(c *config, _ *record.Input) { c.LR = 0.2 },
		"[parameters.rho was 0.05 and is now 0.1] []":                      func(c *config, _ *record.Input) { c.Params.Rho = 0.1 },
		"[seed was 4611686018427387905 and is now 4611686018427387906] []": func(c *config, _ *record.Input) { c.Seed++ },
		"[tau was not set and is now 2] []":                                func(c *config, _ *record.Input) { c.Tau = 2 },
		"[extra was not set and is now x method was sam and is now ce] []": func(c *config, _ *record.Input) { c.Extra, c.Method = "x", "ce" },
		"[] [kernels was cpu [avx2] and is now cpu [avx512]]":              func(c *config, _ *record.Input) { c.Kernels = "cpu [avx512]" },
		"[input data was abababababab and is now cdabababab] []":           func(_ *config, in *record.Input) { in.SHA256 = "cdabababab" },
	} {
		c, in := testConfig(), data
		change(&c, &in)
		now := settings(t, c, in)
		a, b := now.differences(was)
		if got := fmt.Sprint(a, b); got != want {
			t.Errorf("got  %v %v\nwant %s", a, b, want)
		}
	}
	now := was
	now.tool = "srn-meta"
	if a, _ := now.differences(was); fmt.Sprint(a) != "[the command was srn-fit and is now srn-meta]" {
		t.Errorf("another command: %v", a)
	}
}

// What a header says is what was written, to the last digit.
func TestHeaderSettings(t *testing.T) {
	path := t.TempDir() + "/m.jsonl"
	w, err := artifact.CreateRecords(path, record.Header{Tool: "srn-hessian", Version: "v1", Seed: 1<<62 + 1, Config: testConfig()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.End("ok"); err != nil {
		t.Fatal(err)
	}
	s, err := readLog(path)
	if err != nil {
		t.Fatal(err)
	}
	was, err := headerSettings(s.Header)
	if err != nil {
		t.Fatal(err)
	}
	same, err := headerSettings(record.Header{Tool: "srn-hessian", Version: "v1", Seed: 1<<62 + 1, Config: testConfig()})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := same.differences(was); len(a)+len(b) > 0 {
		t.Errorf("%v %v", a, b)
	}
	now := settings(t, testConfig())
	now.tool = "srn-hessian"
	now.values["seed"] = "4611686018427387906"
	if a, _ := now.differences(was); len(a) != 1 {
		t.Errorf("another seed: %v", a)
	}
}
