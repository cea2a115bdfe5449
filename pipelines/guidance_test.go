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
	cmd := exec.Command("make", "-n", "guidance", "DATA=.", "OUT=out", "BIN=bin", "SEEDS=0 1", "LEARNED=gap-dictionary s-meta-conv")
	cmd.Env = append(os.Environ(), "MAKEFLAGS=")
	out := strings.ReplaceAll(run(t, cmd), " \\\n\t", " ")
	fits := map[string]int{}
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, "./step bin/srn-fit") {
			_, rest, _ := strings.Cut(line, "--method ")
			method, rest, _ := strings.Cut(rest, " --split meta_train --augment none --epochs ")
			epochs, _, _ := strings.Cut(rest, " ")
			if _, surrogate, ok := strings.Cut(rest, "--srn out/cifar10-2000/resnet8/surrogates/"); ok {
				method += " by " + surrogate[:strings.Index(surrogate, "/")]
			}
			fits[method+", "+epochs]++
		}
	}
	for method, want := range map[string]int{
		"ce, 30":                                 2,
		"ce, 15":                                 2,
		"ce, 60":                                 2,
		"ce --lr 0.12, 30":                       2,
		"weight-decay --weight-decay 1e-2, 30":   2,
		"weight-decay-ratio --set ratio=0.1, 30": 2,
		"srn --guidance-ratio 0.1 by gap-dictionary, 30":                          2,
		"srn-flipped --guidance-ratio 0.1 by s-meta-conv, 30":                     2,
		"srn-shuffled --guidance-ratio 0.1 by gap-dictionary, 30":                 2,
		"srn-untrained --set init-seed=3 --guidance-ratio 0.1 by s-meta-conv, 30": 2,
	} {
		if fits[method] != want {
			t.Errorf("%d runs of %q, want %d", fits[method], method, want)
		}
	}
	if n := strings.Count(out, "bin/srn-meta"); n != 4 {
		t.Errorf("%d surrogates, want 4", n)
	}
	if n := strings.Count(out, "bin/srn-hessian top"); n != 2*(1+5+2+2+1+2*3+2*3) {
		t.Errorf("%d times λ_max", n)
	}
	if t.Failed() {
		t.Log(fits)
	}

	cmd = exec.Command("make", "-n", "guidance", "DATA=.", "OUT=out", "BIN=bin", "SEEDS=0", "CURVATURE=")
	cmd.Env = append(os.Environ(), "MAKEFLAGS=")
	if out := run(t, cmd); strings.Contains(out, "srn-hessian") {
		t.Error("λ_max where no arm is named")
	}
}
