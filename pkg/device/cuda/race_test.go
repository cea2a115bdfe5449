//go:build cuda

package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"srn/pkg/device/cuda/driver"
)

// raced are the parts of the suite that are traced: every kernel, on shapes
// that are small, since ThreadSanitizer takes its time.
const raced = "^TestSuite$/^forward$/^(Vectors|Conv|BatchNorm|Combine|Subsample|PoolAndLinear|Multiply|CrossEntropy|Load|Conv1D)$" +
	"/^(1000|3to16@8.*|64to64@8/1×1|16to32@6.*|32to64@8/2×1|48to16.*|.*length_(5|3|511)|)$"

// TestRaces runs a part of the suite in a process of its own, which writes down
// all launches, and has them done again under ThreadSanitizer.
func TestRaces(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	emulated(t, "SRN_EMULATOR_TRACE", trace)
	if out, err := exec.Command(os.Args[0], "-test.run", raced).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	replay := filepath.Join(filepath.Dir(os.Getenv(driver.PathVariable)), "replay")
	out, err := exec.Command(replay, trace).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
