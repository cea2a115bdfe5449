package main

import (
	"strings"
	"testing"
)

func TestSummarise(t *testing.T) {
	const events = `{"Action":"start","Package":"srn/p"}
{"Action":"run","Package":"srn/p","Test":"TestA"}
{"Action":"output","Package":"srn/p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"srn/p","Test":"TestA","Output":"    a_test.go:7: strace is not installed\n"}
{"Action":"output","Package":"srn/p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"srn/p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"srn/p","Test":"TestB","Output":"    a_test.go:9: 1, want 2\n"}
{"Action":"fail","Package":"srn/p","Test":"TestB","Elapsed":0}
{"Action":"output","Package":"srn/p","Test":"TestC","Output":"chatter\n"}
{"Action":"pass","Package":"srn/p","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"srn/p","Elapsed":1.25}
go: a warning
{"Action":"skip","Package":"srn/none","Elapsed":0}
{"Action":"pass","Package":"srn/q","Elapsed":0.5}
`
	var out, skips strings.Builder
	ok, err := summarise(strings.NewReader(events), &out, &skips)
	if err != nil || ok {
		t.Errorf("ok %v, %v", ok, err)
	}
	if want := "    a_test.go:9: 1, want 2\nFAIL\tsrn/p\t1.2 s\ngo: a warning\nok\tsrn/q\t0.5 s\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	if want := "p TestA: strace is not installed\n"; skips.String() != want {
		t.Errorf("skipped %q, want %q", skips.String(), want)
	}
	if ok, err := summarise(strings.NewReader(`{"Action":"pass","Package":"srn/q"}`), &out, &skips); !ok || err != nil {
		t.Errorf("nothing failed: %v, %v", ok, err)
	}
}
