package compare

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/report/number"
)

// externalParts are the methods of the external protocol.
var externalParts = []string{"autoaugment", "cutout", "label-smoothing"}

// External says that a training followed the external protocol of the paper's
// Table 5: AutoAugment, cutout and label smoothing, whatever the method.
func External(f record.Fit) bool {
	for _, p := range externalParts {
		if !slices.Contains(f.Methods, p) {
			return false
		}
	}
	return true
}

// methods are the training's without those that are its protocol.
func methods(f record.Fit) []string {
	var list []string
	for _, m := range f.Methods {
		if m != "ce" && !(External(f) && slices.Contains(externalParts, m)) {
			list = append(list, m)
		}
	}
	return list
}

// Plain says that the training is of cross-entropy alone, with weight decay or
// without.
func Plain(f record.Fit) bool {
	m := methods(f)
	return len(f.Methods) > 0 && (len(m) == 0 || len(m) == 1 && m[0] == "weight-decay")
}

// decayed says that weight decay is the training's method.
func decayed(f record.Fit) bool { return Plain(f) && f.WeightDecay != 0 }

// Guided says that a surrogate guides the training.
func Guided(f record.Fit) bool { return f.SRN != "" || f.Surrogate != "" }

// Is says that the training is of one method alone, but for its protocol.
func Is(f record.Fit, name string) bool {
	m := methods(f)
	return len(m) == 1 && m[0] == name || name == "ce" && Plain(f) && f.WeightDecay == 0
}

// Row is the paper's row that a training belongs to, whatever its parameters:
// "" where the paper has none. Cross-entropy with weight decay is the row of
// that name, and cross-entropy under the external protocol is SGD. Where a
// ratio of the guidance is held, it is not the paper's method.
func Row(f record.Fit) string {
	m := methods(f)
	switch {
	case f.GuidanceRatio != 0 || len(m) > 1 || len(f.Methods) == 0:
		return ""
	case Plain(f) && External(f):
		return "SGD"
	case decayed(f):
		return "Weight Decay"
	case len(m) == 0:
		m = []string{"ce"}
	}
	info, err := method.Find(m[0])
	if err != nil || strings.HasPrefix(info.PaperRow, "(") {
		return ""
	}
	return info.PaperRow
}

// Label names a training's method with the parameters that are not the
// source's: srn-untrained(draw=1), sam+cutout(sam.rho=0.1). A target ratio of
// the guidance is part of the name.
func Label(f record.Fit) string {
	s := withParameters(f)
	if f.GuidanceRatio != 0 {
		s += " at ratio " + number.Plain(f.GuidanceRatio)
	}
	return s
}

func withParameters(f record.Fit) string {
	s := f.Method
	var list []string
	for _, p := range Parameters(f) {
		name := p.Name
		if len(f.Methods) == 1 {
			name = strings.TrimPrefix(name, f.Methods[0]+".")
		}
		list = append(list, name+"="+Text(p.Value))
	}
	if len(list) > 0 {
		s += "(" + strings.Join(list, ",") + ")"
	}
	return s
}

// Parameter is a parameter of a method that is not the source's.
type Parameter struct {
	Name           string // METHOD.PARAMETER
	Value, Default any    // numbers or texts; Default is nil where the registry has no such parameter
}

func (p Parameter) String() string { return p.Name + "=" + Text(p.Value) }

// Parameters lists the parameters that differ from those of the methods'
// sources for such data, by name.
func Parameters(f record.Fit) []Parameter {
	var list []Parameter
	defaults := map[string]any{}
	for _, name := range f.Methods {
		info, err := method.Find(name)
		if err != nil {
			continue
		}
		for _, p := range info.For(f.Classes).Params {
			defaults[info.Name+"."+p.Name] = parsed(p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Parameters)) {
		v := f.Parameters[name]
		if standard := defaults[name]; !equal(v, standard) {
			list = append(list, Parameter{name, v, standard})
		}
	}
	return list
}

// parsed is a parameter's default as records have it.
func parsed(p method.Param) any {
	if p.OneOf == nil {
		if v, err := strconv.ParseFloat(p.Default, 64); err == nil {
			return v
		}
	}
	return p.Default
}

// listed writes parameters by name: sam.rho=0.1.
func listed(parameters map[string]any) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		list = append(list, name+"="+Text(parameters[name]))
	}
	return list
}
