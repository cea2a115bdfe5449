package report

import (
	"slices"
	"strings"

	"srn/pkg/method"
	"srn/pkg/report/paper"
)

// row is the paper's row that a group repeats, and whether under the external
// protocol of Table 5; "" where the paper has none. Weight decay beside plain
// cross-entropy is the row of that name. A run whose guidance ratio is held is
// not the paper's method, nor is one with other parameters than the method's
// own.
func (k runKey) row() (name string, external bool) {
	parts := strings.Split(k.Method, "+")
	kept := slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return slices.Contains(externalParts, p) })
	if external = len(parts)-len(kept) == len(externalParts); !external {
		kept = parts
	}
	if len(kept) != 1 || k.Ratio != 0 {
		return "", external
	}
	switch info, err := method.Find(kept[0]); {
	case err != nil || strings.HasPrefix(info.PaperRow, "("):
		return "", external
	case info.Name == "ce" && external:
		return "SGD", true
	case info.Name == "ce" && k.WeightDecay != 0:
		return "Weight Decay", false
	default:
		return info.PaperRow, external
	}
}

// externalParts are the methods that make the protocol of Table 5's external
// block.
var externalParts = []string{"autoaugment", "cutout", "label-smoothing"}

// quotes are the paper's accuracies of the same data set, network, method and
// protocol.
func (k runKey) quotes() []paper.Value {
	name, external := k.row()
	if name == "" {
		return nil
	}
	return paper.Quote(k.Dataset, k.Arch, name, external)
}
