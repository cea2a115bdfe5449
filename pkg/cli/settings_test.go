package cli

import (
	"bytes"
	"reflect"
	"testing"
)

type named struct{ n int }

func (n named) String() string { return "named" }

func (n *named) UnmarshalText([]byte) error { n.n = 1; return nil }

// recording is a command that keeps its settings.
type recording struct {
	Output   string `record:"-" default:"-"`
	SomeRate float64
	Count    int `aliases:"number" default:"3"`
	Warm     bool
	Globs    []string
	Absent   string
	Given    *named
	Missing  *named
	Common

	got map[string]any
}

func (r *recording) Run(ctx *Context) error { r.got = ctx.Settings(); return nil }

// Every flag is recorded under its name but what the tag leaves out and what
// has no value; an alias is recorded under the flag's own name.
func TestSettings(t *testing.T) {
	var out bytes.Buffer
	r := &recording{}
	args := []string{"-q", "--json", "-j", "2", "--output", "x", "--some-rate", "0.5", "--number", "4", "--globs", "a,b", "--given", "y"}
	if code := Run("test", "a test", r, args, &out, &out); code != 0 {
		t.Fatalf("exit %d: %s", code, &out)
	}
	want := map[string]any{"some_rate": 0.5, "count": 4, "warm": false, "globs": []string{"a", "b"}, "given": "named", "device": "cpu"}
	if !reflect.DeepEqual(r.got, want) {
		t.Errorf("settings %v, want %v", r.got, want)
	}
}

// Aliases are not shown.
func TestAliasesAreHidden(t *testing.T) {
	var out bytes.Buffer
	if code := Run("test", "a test", &recording{}, []string{"--help"}, &out, &out); code != 0 {
		t.Fatalf("exit %d", code)
	}
	if bytes.Contains(out.Bytes(), []byte("--number")) || !bytes.Contains(out.Bytes(), []byte("--count")) {
		t.Errorf("help:\n%s", &out)
	}
}
