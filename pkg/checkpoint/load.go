package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// Overrides are what the user says of a checkpoint whose metadata do not; said
// of one whose metadata do, they must agree on the architecture and classes,
// and replace the normalisation. Zero values say nothing.
type Overrides struct {
	Arch      string
	Mean, Std *[3]float32
	Classes   int
}

// maxSize bounds what a checkpoint may take: the largest network here has
// some 20 million parameters.
const maxSize = 1 << 30

// parallelPrefix is what torch.nn.DataParallel puts before every name.
const parallelPrefix = "module."

const wantNames = "names and shapes must be those of a CIFAR ResNet with option-A shortcuts and a 3×3 stem"

// Load reads a checkpoint, ours or a foreign one, and checks that it holds
// every tensor of its architecture in the right shape. Tensors beyond those
// are ignored with a note. What is wrong with the content is an
// *artifact.FormatError that names the tensor or metadata.
func Load(path string, o Overrides) (*Checkpoint, error) {
	f, err := artifact.Read(path, artifact.Limits{Total: maxSize})
	if err != nil {
		return nil, err
	}
	return Decode(path, f, o)
}

// Decode is Load from a file already read.
func Decode(path string, f *artifact.File, o Overrides) (*Checkpoint, error) {
	c := &Checkpoint{Path: path, SHA256: f.SHA256}
	tensors := c.byName(f)
	var err error
	switch format := f.Metadata["format"]; {
	case format == Format:
		c.Meta, err = decodeMeta(path, f)
	case strings.HasPrefix(format, "srn-checkpoint/"):
		_, err = f.Provenance(path, Format)
	case strings.HasPrefix(format, "srn-"):
		err = c.failf("metadata", "run srn-fit to make one", "format is %q: not a checkpoint (%s)", format, Format)
	default:
		// Foreign writers use "format" too, such as "pt".
		c.Meta.Foreign = true
		c.Meta.Arch = f.Metadata["arch"]
	}
	if err != nil {
		return nil, err
	}
	if err := c.settle(tensors, f.Metadata, o); err != nil {
		return nil, err
	}
	params, running, err := c.Layouts()
	if err != nil {
		return nil, c.failf("metadata", "name the right one with --arch", "%v", err)
	}
	if err := c.fill(tensors, params, running); err != nil {
		return nil, err
	}
	return c, nil
}

// byName lists tensors by the names of our layouts.
func (c *Checkpoint) byName(f *artifact.File) map[string]artifact.Tensor {
	parallel := len(f.Tensors) > 0
	for _, t := range f.Tensors {
		parallel = parallel && strings.HasPrefix(t.Name, parallelPrefix)
	}
	tensors := make(map[string]artifact.Tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		name := t.Name
		if parallel {
			name = strings.TrimPrefix(name, parallelPrefix)
		}
		tensors[name] = t
	}
	if parallel {
		c.notef("names start with %q, as DataParallel makes them; taken without it", parallelPrefix)
	}
	return tensors
}

// settle decides architecture, classes and normalisation from the metadata,
// what the user says and, for classes, the tensors.
func (c *Checkpoint) settle(tensors map[string]artifact.Tensor, metadata map[string]string, o Overrides) error {
	m := &c.Meta
	switch {
	case m.Arch == "" && o.Arch == "":
		looks := "its tensors look like none of ours"
		mend := "name it with --arch resnet20"
		if arch, ok := guess(tensors); ok {
			looks = "its tensors look like " + arch
			mend = "give --arch " + arch
		}
		return c.failf("metadata", mend, "the architecture is not told; %s", looks)
	case m.Arch == "":
		m.Arch = o.Arch
	case o.Arch != "" && o.Arch != m.Arch:
		return c.failf("metadata", "leave --arch out", "the architecture is %s, but --arch says %s", m.Arch, o.Arch)
	}
	if _, err := resnet.Blocks(m.Arch); err != nil {
		return c.failf("metadata", "", "%v", err)
	}

	if t, ok := tensors["linear.weight"]; ok && m.NumClasses == 0 && len(t.Shape) == 2 {
		m.NumClasses = t.Shape[0]
	}
	if o.Classes != 0 {
		if m.NumClasses != 0 && m.NumClasses != o.Classes {
			return c.failf("tensor \"linear.weight\"", "leave --classes out", "has %d classes, but --classes says %d", m.NumClasses, o.Classes)
		}
		m.NumClasses = o.Classes
	}
	if m.NumClasses == 0 {
		return c.failf("tensor \"linear.weight\"", wantNames, "is missing, or not of two dimensions, so that the number of classes is unknown")
	}

	if err := c.settleTriple("mean", &m.Mean, metadata, o.Mean); err != nil {
		return err
	}
	if err := c.settleTriple("std", &m.Std, metadata, o.Std); err != nil {
		return err
	}
	for _, v := range m.Std {
		if v <= 0 {
			return c.failf("std", "give it with --std", "%s is not positive", FormatTriple(m.Std))
		}
	}
	return nil
}

// settleTriple decides one of the two constants of normalisation.
func (c *Checkpoint) settleTriple(key string, to *[3]float32, metadata map[string]string, override *[3]float32) error {
	text, there := metadata[key]
	switch {
	case override != nil:
		if there && !c.Meta.Foreign && *to != *override {
			c.notef("--%s %s replaces the checkpoint's own %s", key, FormatTriple(*override), FormatTriple(*to))
		}
		*to = *override
	case !there:
		return c.failf("metadata", fmt.Sprintf("give the one it was trained with, such as --%s %s", key,
			map[string]string{"mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225"}[key]),
			"the %s of the images' normalisation is not told", key)
	case c.Meta.Foreign:
		t, err := ParseTriple(text)
		if err != nil {
			return c.failf(fmt.Sprintf("metadata %q", key), fmt.Sprintf("give it with --%s", key), "%v", err)
		}
		*to = t
	}
	return nil
}

// fill copies the tensors into the flat vectors, once all are known to be
// there. Those missing or misshapen are named together.
func (c *Checkpoint) fill(tensors map[string]artifact.Tensor, params, running nn.Layout) error {
	if err := c.complete(tensors, params, running); err != nil {
		return err
	}
	for _, vector := range []struct {
		layout nn.Layout
		to     *[]float32
	}{{params, &c.Params}, {running, &c.Running}} {
		values := make([]float32, vector.layout.Len())
		for _, p := range vector.layout {
			v, err := tensors[p.Name].Float32s()
			if err != nil {
				if f, ok := err.(*artifact.FormatError); ok {
					f.Path = c.Path
				}
				return err
			}
			copy(values[p.Offset:], v)
			delete(tensors, p.Name)
		}
		*vector.to = values
	}
	c.noteIgnored(tensors)
	return nil
}

// complete checks that every tensor of the layouts is there in its shape.
func (c *Checkpoint) complete(tensors map[string]artifact.Tensor, params, running nn.Layout) error {
	var missing, wrong []string
	for _, p := range slices.Concat(params, running) {
		t, ok := tensors[p.Name]
		switch {
		case !ok:
			missing = append(missing, p.Name)
		case !slices.Equal(t.Shape, p.Shape):
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", p.Name, t.Shape, p.Shape))
		}
	}
	if len(missing)+len(wrong) == 0 {
		return nil
	}
	var problems []string
	if len(missing) > 0 {
		problems = append(problems, "missing: "+some(missing))
	}
	if len(wrong) > 0 {
		problems = append(problems, "of the wrong shape: "+some(wrong))
	}
	mend := wantNames
	if arch, ok := guess(tensors); ok && arch != c.Meta.Arch {
		mend = "its tensors look like " + arch + ": give --arch " + arch
	}
	return c.failf("tensors", mend, "do not make a %s: %s", c.Meta.Arch, strings.Join(problems, "; "))
}

// noteIgnored tells which tensors were not needed.
func (c *Checkpoint) noteIgnored(rest map[string]artifact.Tensor) {
	var counters int
	var others []string
	for name := range rest {
		if strings.HasSuffix(name, ".num_batches_tracked") {
			counters++
		} else {
			others = append(others, name)
		}
	}
	if counters > 0 {
		c.notef("ignored %d num_batches_tracked", counters)
	}
	if len(others) > 0 {
		slices.Sort(others)
		c.notef("ignored tensors that %s does not have: %s", c.Meta.Arch, some(others))
	}
}

// guess says which architecture tensors look like, by the numbers of blocks in
// the three groups.
func guess(tensors map[string]artifact.Tensor) (arch string, ok bool) {
	var blocks [3]int
	for name := range tensors {
		var group, block int
		if n, _ := fmt.Sscanf(name, "layer%d.%d.conv1.weight", &group, &block); n == 2 && group >= 1 && group <= 3 && block >= 0 && block < 1000 {
			blocks[group-1] = max(blocks[group-1], block+1)
		}
	}
	if blocks[0] == 0 || blocks[0] != blocks[1] || blocks[0] != blocks[2] {
		return "", false
	}
	return fmt.Sprintf("resnet%d", 6*blocks[0]+2), true
}

// some joins the first few of a list.
func some(list []string) string {
	const most = 6
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func (c *Checkpoint) notef(format string, a ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, a...))
}

func (c *Checkpoint) failf(field, mend, format string, a ...any) error {
	return &artifact.FormatError{Path: c.Path, Field: field, Problem: fmt.Sprintf(format, a...), Mend: mend}
}
