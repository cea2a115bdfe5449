//go:build cuda

package open

import (
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/artifact"
)

// With TF32 a network is trained nearly as without; what is written says so, and
// the one is not resumed as the other.
func TestTF32(t *testing.T) {
	c := build(t)
	c.run("srn-split --dataset synthetic --synthetic-train 100 --synthetic-test 20 -o data.zst")
	const with, fit = "SRN_EMULATOR_CAPABILITY=80 ", "srn-fit -q --data data.zst --arch resnet8 --epochs 1 --batch 50 --eval-every 0 "
	c.run(fit + "--device cpu -o cpu.zst --metrics fit-cpu")
	c.run(with + fit + "--device cuda+tf32 -o fit.zst --metrics fit-cuda")
	for key, tolerance := range map[string]float64{"train_loss": 1e-2, "grad_norm": 5e-2, "theta_norm": 1e-3} {
		c.same("fit", key, tolerance)
	}
	c.run(with + fit + "--device cuda+tf32 -o again.zst")
	c.sameBytes("the same run twice", "again.zst", "fit.zst")
	c.run(with + "srn-meta -q --data data.zst --arch resnet8 --rounds 1 --inner-epochs 1 --inner-n 4 --outer-n 4 --channels 16,16 --kernel 3 " +
		"--device cuda+tf32 -o meta.zst")
	for _, file := range []string{"fit.zst", "meta.zst"} {
		f, err := artifact.Read(filepath.Join(c.dir, file), artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if config := f.Metadata["config"]; !strings.Contains(config, `"precision":"tf32","kernels":"cuda [sm_80 on emulator]"`) {
			t.Errorf("%s says nothing of TF32: %s", file, config)
		}
	}
	long := strings.Replace(fit, "--epochs 1", "--epochs 3", 1) + "-o lost.zst --device cuda"
	if stderr, code := c.start(with + "SRN_EMULATOR_LOST_AFTER=350 " + long + "+tf32"); code != 1 || !strings.Contains(stderr, "lost.zst.state") {
		t.Fatalf("a lost device: exit code %d\n%s", code, stderr)
	}
	stderr, code := c.start(with + long + " --resume")
	if code != 2 || !strings.Contains(stderr, "precision was tf32 and is now f32") {
		t.Errorf("resumed in float32: exit code %d\n%s", code, stderr)
	}

	c.run(with + "srn-eval -q --data data.zst --device cuda:0+tf32 fit.zst -o eval")
	streams, err := artifact.ReadRecords(filepath.Join(c.dir, "eval"))
	if err != nil {
		t.Fatal(err)
	}
	config, _ := streams[0].Header.Config.(map[string]any)
	if config["precision"] != "tf32" || config["kernels"] != "cuda [sm_80 on emulator]" {
		t.Errorf("srn-eval records %v", config)
	}
}
