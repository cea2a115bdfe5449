//go:build cuda

package cuda

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"srn/pkg/device/cuda/driver"
)

// raced are the parts of the suites that are traced: launches of every kernel, on
// shapes that are small, since ThreadSanitizer takes its time.
var raced = []string{
	"^TestSuite$/^forward$/^(Vectors|Conv|BatchNorm|Combine|Subsample|PoolAndLinear|Multiply|CrossEntropy|Load|Conv1D|Tally|Blend)$" +
		"/^(1000|3to16@8|16to32@6|16to32@4|64to64@8|64to64@4|32to64@8|48to16@12|48to32@2|.*length_(5|3|7|511)|)$",
	"^TestTF32$/^forward$/^Conv(1D)?$/^(16to16@4|64to64@8|48to32@2|.*length_(2|7))$",
}

// TestRaces runs parts of the suites in processes of their own, which write down
// all launches, and has them done again under ThreadSanitizer. A kernel that
// was not launched is a failure.
func TestRaces(t *testing.T) {
	var traces []string
	for i, part := range raced {
		trace := filepath.Join(t.TempDir(), fmt.Sprint(i))
		emulated(t, "SRN_EMULATOR_TRACE", trace)
		if out, err := exec.Command(os.Args[0], "-test.run", part).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		traces = append(traces, trace)
	}
	replay := filepath.Join(filepath.Dir(os.Getenv(driver.PathVariable)), "replay")
	out, err := exec.Command(replay, traces...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
