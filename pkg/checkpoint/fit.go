package checkpoint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// misfit is in what tensors differ from those of an architecture, each list in
// the order of names.
type misfit struct {
	extra, missing, misshapen []string
}

func (m *misfit) none() bool { return len(m.extra)+len(m.missing)+len(m.misshapen) == 0 }

// compare says in what tensors differ from layouts. Counters of batches are no
// difference.
func compare(parts map[string]part, layouts ...nn.Layout) *misfit {
	m := &misfit{}
	known := map[string]bool{}
	for _, p := range slices.Concat(layouts...) {
		known[p.Name] = true
		switch t, ok := parts[p.Name]; {
		case !ok:
			m.missing = append(m.missing, p.Name)
		case !slices.Equal(t.Shape, p.Shape):
			m.misshapen = append(m.misshapen, fmt.Sprintf("%s is %v, want %v", t.from, t.Shape, p.Shape))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !known[name] && !strings.HasSuffix(name, "."+counter) {
			m.extra = append(m.extra, name)
		}
	}
	return m
}

// fit checks that the tensors are those of the architecture and no others.
func (c *Checkpoint) fit(parts map[string]part, layouts ...nn.Layout) error {
	m := compare(parts, layouts...)
	if m.none() {
		return nil
	}
	if err := c.refuseProjections(parts); err != nil {
		return err
	}
	bad := c.fail("tensors", "", "do not make a %s: %s", c.Meta.Arch, m.describe(parts, slices.Concat(layouts...)))
	if arch, ok := guess(parts); ok && arch != c.Meta.Arch {
		bad.Mend = "its tensors are those of a " + arch
		return &AdviceError{FormatError: bad, Advice: []Advice{{"arch", arch}}}
	}
	if old, new, ok := m.module(parts, slices.Concat(layouts...)); ok {
		bad.Mend = fmt.Sprintf("%s looks like %s", old, new)
		return &AdviceError{FormatError: bad, Advice: []Advice{{"rename", old + "=" + new}}}
	}
	if bad.Mend = describe(parts); bad.Mend == "" {
		bad.Mend = wantNames
	}
	return bad
}

const wantNames = "names and shapes must be those of a CIFAR ResNet with option-A shortcuts and a 3×3 stem"

// describe names the first differences of each kind.
func (m *misfit) describe(parts map[string]part, layout nn.Layout) string {
	var problems []string
	if len(m.missing) > 0 {
		problems = append(problems, "missing: "+some(m.missing))
	}
	if len(m.misshapen) > 0 {
		problems = append(problems, "of the wrong shape: "+some(m.misshapen))
	}
	if len(m.extra) > 0 {
		among := m.missing
		if len(among) == 0 {
			for _, p := range layout {
				among = append(among, p.Name)
			}
		}
		problems = append(problems, "not of it: "+unknownNames(parts, m.extra, among))
	}
	return strings.Join(problems, "; ")
}

// unknownNames lists the first names with their shapes and the nearest of those
// that there are here.
func unknownNames(parts map[string]part, names, among []string) string {
	var list []string
	for i, name := range names {
		p := parts[name]
		if i < 3 { // of the rest the names do
			list = append(list, fmt.Sprintf("%s %v (nearest: %s)", p.from, p.Shape, nearest(name, among)))
		} else {
			list = append(list, p.from)
		}
	}
	return some(list)
}

// foreignTo refuses tensors of which none has a name in a block: those of
// another kind of network, or of several.
func (c *Checkpoint) foreignTo(parts map[string]part) error {
	layout, running, err := resnet.Layouts("resnet8", 2)
	if err != nil {
		return err
	}
	var among []string
	for _, p := range slices.Concat(layout, running) {
		among = append(among, p.Name)
	}
	names := slices.Sorted(maps.Keys(parts))
	if len(names) == 0 {
		return c.failf("tensors", wantNames, "there are none")
	}
	bad := c.fail("tensors", wantNames, "are not those of a CIFAR ResNet: %s", unknownNames(parts, names, among))
	if key, ok := within(parts); ok {
		bad.Mend = fmt.Sprintf("those whose names begin with %q may be", key+".")
		return &AdviceError{FormatError: bad, Advice: []Advice{{"key", key}}}
	}
	return bad
}

// module finds the one module that is missing and the one that has its tensors'
// shapes but another name.
func (m *misfit) module(parts map[string]part, layout nn.Layout) (old, new string, ok bool) {
	split := func(name string) (module, leaf string) {
		at := strings.LastIndexByte(name, '.')
		return name[:max(at, 0)], name[at+1:]
	}
	extra, missing := map[string]string{}, map[string]string{} // leaves and shapes by module
	for _, name := range m.extra {
		_, leaf := split(name)
		from, _ := split(parts[name].from)
		extra[from] += fmt.Sprint(leaf, parts[name].Shape)
	}
	for _, name := range slices.Sorted(slices.Values(m.missing)) {
		module, leaf := split(name)
		p, _ := layout.Find(name)
		missing[module] += fmt.Sprint(leaf, p.Shape)
	}
	if len(extra) != 1 || len(missing) != 1 {
		return "", "", false
	}
	for old, shapes := range extra {
		for new, want := range missing {
			return old, new, old != "" && shapes == want
		}
	}
	return "", "", false
}

// within is a prefix of some names, the first in their order, behind which
// there are names of a network.
func within(parts map[string]part) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		first, rest, _ := strings.Cut(parts[name].from, ".")
		for _, list := range translators {
			if _, known := translate(list, []string{rest}); known > 0 {
				return first, true
			}
		}
	}
	return "", false
}

// refuseProjections refuses a network whose shortcuts have parameters, which
// none here has: without them it would be another network.
func (c *Checkpoint) refuseProjections(parts map[string]part) error {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if strings.Contains(name, ".shortcut.") && !strings.HasSuffix(name, "."+counter) {
			list = append(list, fmt.Sprintf("%s %v", parts[name].from, parts[name].Shape))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return c.failf("tensors", "give a network whose shortcuts have no parameters (option A); "+describe(parts),
		"are those of a network with projections in its shortcuts (option B), which the networks here do not have: %s; without them it would be another network", some(list))
}

var blockName = regexp.MustCompile(`^layer([0-9]+)\.([0-9]+)\.conv([0-9])\.weight$`)

// outline is what the names and shapes of tensors tell of a residual network.
type outline struct {
	stem        []int // shape of the first convolution
	blocks      []int // of each group
	widths      []int // channels of each group
	bottleneck  bool
	projections bool
}

func outlineOf(parts map[string]part) (o outline) {
	o.stem = parts["conv1.weight"].Shape
	for name, p := range parts {
		o.projections = o.projections || strings.Contains(name, ".shortcut.")
		m := blockName.FindStringSubmatch(name)
		if m == nil || len(p.Shape) == 0 {
			continue
		}
		group, _ := strconv.Atoi(m[1])
		block, _ := strconv.Atoi(m[2])
		if group < 1 || group > 9 || block > 999 {
			continue
		}
		for len(o.blocks) < group {
			o.blocks, o.widths = append(o.blocks, 0), append(o.widths, 0)
		}
		o.blocks[group-1] = max(o.blocks[group-1], block+1)
		o.widths[group-1] = max(o.widths[group-1], p.Shape[0])
		o.bottleneck = o.bottleneck || m[3] == "3"
	}
	return o
}

// guess says which architecture the tensors are, if they are exactly those of
// one.
func guess(parts map[string]part) (arch string, ok bool) {
	o := outlineOf(parts)
	head := parts["linear.weight"]
	if len(o.blocks) != 3 || o.blocks[0] == 0 || len(head.Shape) != 2 {
		return "", false
	}
	arch = fmt.Sprintf("resnet%d", 6*o.blocks[0]+2)
	params, running, err := resnet.Layouts(arch, head.Shape[0])
	if err != nil || len(params)+len(running) > len(parts) || !compare(parts, params, running).none() {
		return "", false
	}
	return arch, true
}

// likelyClasses is how many classes a classifier has, by its own name or, where
// that is missing, by its shape.
func likelyClasses(parts map[string]part) int {
	const features = 64
	for _, name := range append([]string{"linear.weight"}, slices.Sorted(maps.Keys(parts))...) {
		if shape := parts[name].Shape; len(shape) == 2 && shape[0] >= 2 && shape[0] <= maxClasses && shape[1] == features {
			return shape[0]
		}
	}
	return 2
}

// maxClasses bounds what is taken for a number of classes.
const maxClasses = 1 << 20

// describe says what residual network tensors are of, in words; nothing where
// they are of none.
func describe(parts map[string]part) string {
	o := outlineOf(parts)
	if len(o.blocks) == 0 || len(o.stem) != 4 {
		return ""
	}
	kind := "basic"
	if o.bottleneck {
		kind = "bottleneck"
	}
	shortcuts := "without parameters in the shortcuts"
	if o.projections {
		shortcuts = "with projections in the shortcuts"
	}
	return fmt.Sprintf("its tensors are those of a residual network with a %d×%d stem of %d channels and %s %s blocks of %s channels, %s",
		o.stem[2], o.stem[3], o.stem[0], listed(o.blocks), kind, listed(o.widths), shortcuts)
}

// listed writes numbers as 2, 2 and 2.
func listed(v []int) string {
	s := make([]string, len(v))
	for i, n := range v {
		s[i] = strconv.Itoa(n)
	}
	if len(s) < 2 {
		return strings.Join(s, "")
	}
	return strings.Join(s[:len(s)-1], ", ") + " and " + s[len(s)-1]
}

// nearest is the one of several names that the fewest changes of a letter make
// of a name.
func nearest(name string, among []string) string {
	if len(name) > 200 {
		name = name[:200]
	}
	best, least := "", -1
	for _, other := range among {
		if d := distance(name, other); least < 0 || d < least {
			best, least = other, d
		}
	}
	return best
}

// distance is Levenshtein's: insertions, deletions and replacements of a byte.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
