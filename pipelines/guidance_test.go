package pipelines_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Every arm's command is what its name says, one run a seed.
func TestGuidanceArms(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	cmd := exec.Command("make", "-n", "-f", "guidance.mk", "DATA=.", "OUT=out", "BIN=bin", "SEEDS=0 1", "LEARNED=gap-dictionary s-meta-conv", "runs")
	cmd.Env = append(os.Environ(), "MAKEFLAGS=")
	out := run(t, cmd)
	fits := map[string]int{}
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, "bin/srn-fit") {
			_, rest, _ := strings.Cut(line, "--method ")
			method, _, _ := strings.Cut(rest, " --epochs")
			method = strings.NewReplacer("out/guidance-small-resnet8/", "", "-seed0.", "-seedS.", "-seed1.", "-seedS.").Replace(method)
			fits[strings.TrimSpace(method)]++
		}
	}
	for method, want := range map[string]int{
		"ce":                                 2 * 3, // and two lengths
		"ce --lr 0.12":                       2,
		"weight-decay --weight-decay 1e-2":   2,
		"weight-decay-ratio --set ratio=0.1": 2,
		"srn --srn meta/gap-dictionary-seedS.safetensors.zst --guidance-ratio 0.1":                     2,
		"srn-flipped --srn meta/s-meta-conv-seedS.safetensors.zst --guidance-ratio 0.1":                2,
		"srn-shuffled --srn meta/gap-dictionary-seedS.safetensors.zst --guidance-ratio 0.1":            2,
		"srn-untrained --set draw=3 --srn meta/s-meta-conv-seedS.safetensors.zst --guidance-ratio 0.1": 2,
	} {
		if fits[method] != want {
			t.Errorf("%d runs of %q, want %d", fits[method], method, want)
		}
	}
	if n := strings.Count(out, "bin/srn-meta"); n != 4 {
		t.Errorf("%d surrogates, want 4", n)
	}
	if t.Failed() {
		t.Log(fits)
	}
}
