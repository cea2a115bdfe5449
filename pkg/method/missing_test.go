package method

import (
	"errors"
	"strings"
	"testing"

	"srn/pkg/run"
)

// A method without what it needs is refused by the setting that gives it.
func TestMissing(t *testing.T) {
	net := newBench(t, "ce", 2, 1).net
	for _, c := range []struct{ name, set, setting string }{
		{"srn", "", "srn"}, {"srn-flipped", "", "srn"}, {"srn-untrained", "", "srn"}, {"srn-shuffled", "", "srn"},
		{"energy-ood", "outliers=file", "outliers"},
	} {
		info, err := Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		settings, err := info.Settings(strings.Fields(c.set))
		if err != nil {
			t.Fatal(err)
		}
		_, err = info.New(Options{Net: net, Settings: settings})
		var refused *run.SettingError
		if !errors.As(err, &refused) || refused.Setting != c.setting || strings.Contains(refused.Problem+refused.Fix, "--") {
			t.Errorf("%s: error %v, want %s refused", c.name, err, c.setting)
		}
	}
}
