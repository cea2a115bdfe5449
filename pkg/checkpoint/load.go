package checkpoint

import (
	"fmt"
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
	// Key names the state dict of a file that has several, such as an average
	// of the parameters, or the prefix of the names that are to be taken.
	Key string
	// Rename gives names here to those of the file.
	Rename []Rename
}

// Load reads a checkpoint, ours or a foreign one: safetensors, a file of
// PyTorch's torch.save (a state dict, or an object that has one), or NumPy's
// .npz, told apart by content. It checks that the file holds every tensor of
// its architecture in the right shape and, but for counters of batches, no
// other. What is wrong with the content is an *artifact.FormatError, an
// *AdviceError where an override would help.
func Load(path string, o Overrides) (*Checkpoint, error) {
	c := &Checkpoint{Path: path}
	f, err := c.read(o)
	if err != nil {
		return nil, err
	}
	return c.decode(f, o)
}

// Decode is Load from a tensor file already read.
func Decode(path string, f *artifact.File, o Overrides) (*Checkpoint, error) {
	return (&Checkpoint{Path: path}).decode(f, o)
}

func (c *Checkpoint) decode(f *artifact.File, o Overrides) (*Checkpoint, error) {
	c.SHA256 = f.SHA256
	var err error
	switch format := f.Metadata["format"]; {
	case format == Format:
		c.Meta, err = decodeMeta(c.Path, f)
	case format == "srn-checkpoint/1":
		c.Meta.Foreign = true
		c.Meta.Arch = f.Metadata["arch"]
		c.notef("written by an earlier version, whose account of the training is not read")
	case strings.HasPrefix(format, "srn-checkpoint/"):
		_, err = f.Provenance(c.Path, Format)
	case strings.HasPrefix(format, "srn-"):
		err = c.failf("metadata", "run srn-fit to make one", "format is %q: not a checkpoint (%s)", format, Format)
	default:
		// Foreign writers use "format" too, such as "pt".
		c.Meta.Foreign = true
		c.Meta.Arch = f.Metadata["arch"]
		c.recognise(&o)
	}
	if err != nil {
		return nil, err
	}
	parts, err := c.byName(f, o.Rename)
	if err != nil {
		return nil, err
	}
	if err := c.settle(parts, o); err != nil {
		return nil, err
	}
	params, running, err := c.Layouts()
	if err != nil {
		return nil, c.failf("metadata", "name the right architecture", "%v", err)
	}
	if err := c.fit(parts, params, running); err != nil {
		return nil, err
	}
	if err := c.settleNormalisation(f.Metadata, o); err != nil {
		return nil, err
	}
	if err := c.fill(parts, params, running); err != nil {
		return nil, err
	}
	return c, c.sound(running)
}

// sound refuses statistics that are not finite, which a pass with batches'
// own would not show, and epochs beyond the last. Parameters that are not finite
// are those of a network that diverged, which what is computed with them tells.
func (c *Checkpoint) sound(running nn.Layout) error {
	for _, p := range running {
		for i, v := range c.Running[p.Offset : p.Offset+p.Len()] {
			if v-v != 0 {
				return c.failf(fmt.Sprintf("tensor %q", p.Name), "use an earlier checkpoint of the run", "number %d of %d is %g", i+1, p.Len(), v)
			}
		}
	}
	if t := c.Meta.Training; t != nil && (c.Meta.Epoch < 0 || c.Meta.Epoch > t.Epochs) {
		return c.failf(`metadata "epoch"`, "use a checkpoint as srn-fit wrote it", "%d is not from 0 to %d, the epochs of its training", c.Meta.Epoch, t.Epochs)
	}
	return nil
}

// settle decides architecture and classes from the metadata, what the user says
// and the tensors.
func (c *Checkpoint) settle(parts map[string]part, o Overrides) error {
	m := &c.Meta
	head := "linear.weight"
	if p, ok := parts[head]; ok {
		if len(p.Shape) == 2 && m.NumClasses == 0 {
			m.NumClasses = p.Shape[0]
		}
		head = p.from
	}
	head = fmt.Sprintf("tensor %q", head)
	if err := c.settleArch(parts, o); err != nil {
		return err
	}
	if o.Classes != 0 {
		if m.NumClasses != 0 && m.NumClasses != o.Classes {
			return c.failf(head, "leave the number of classes out", "has %d classes, not the %d that were asked for", m.NumClasses, o.Classes)
		}
		m.NumClasses = o.Classes
	}
	if m.NumClasses == 0 {
		params, running, err := resnet.Layouts(m.Arch, likelyClasses(parts))
		if err != nil {
			return c.failf("metadata", "", "%v", err)
		}
		if err := c.fit(parts, params, running); err != nil {
			return err
		}
	}
	return nil
}

// settleArch decides the architecture.
func (c *Checkpoint) settleArch(parts map[string]part, o Overrides) error {
	m := &c.Meta
	switch {
	case m.Arch == "" && o.Arch == "":
		arch, ok := guess(parts)
		if !ok {
			return c.unknown(parts)
		}
		m.Arch = arch
		c.notef("taken for a %s by its tensors; a file does not tell that its activation is ReLU and its shortcuts are option A", arch)
	case m.Arch == "":
		m.Arch = o.Arch
	case o.Arch != "" && o.Arch != m.Arch:
		return c.failf("metadata", "leave the architecture out", "the architecture is %s, not the %s that was asked for", m.Arch, o.Arch)
	}
	if _, err := resnet.Blocks(m.Arch); err != nil {
		return c.failf("metadata", "", "%v", err)
	}
	return nil
}

// unknown refuses tensors that are of no network here, by their differences
// from the one that they are likest.
func (c *Checkpoint) unknown(parts map[string]part) error {
	if err := c.refuseProjections(parts); err != nil {
		return err
	}
	o := outlineOf(parts)
	if len(o.blocks) == 0 {
		return c.foreignTo(parts)
	}
	c.Meta.Arch = fmt.Sprintf("resnet%d", 6*min(max(o.blocks[0], 1), 200)+2)
	params, running, err := resnet.Layouts(c.Meta.Arch, likelyClasses(parts))
	if err != nil {
		return c.failf("tensors", "", "%v", err)
	}
	return c.fit(parts, params, running)
}

// settleNormalisation decides by what images were normalised.
func (c *Checkpoint) settleNormalisation(metadata map[string]string, o Overrides) error {
	m := &c.Meta
	var missing []Advice
	for _, e := range []struct {
		key, example string
		to           *[3]float32
		override     *[3]float32
	}{{"mean", "0.485,0.456,0.406", &m.Mean, o.Mean}, {"std", "0.229,0.224,0.225", &m.Std, o.Std}} {
		text, there := metadata[e.key]
		switch {
		case e.override != nil:
			if there && !m.Foreign && *e.to != *e.override {
				c.notef("%s %s replaces the checkpoint's own %s", e.key, FormatTriple(*e.override), FormatTriple(*e.to))
			}
			*e.to = *e.override
		case !there:
			missing = append(missing, Advice{e.key, e.example})
		case m.Foreign:
			t, err := ParseTriple(text)
			if err != nil {
				return &AdviceError{c.fail(fmt.Sprintf("metadata %q", e.key), "", "%v", err), []Advice{{e.key, e.example}}, true}
			}
			*e.to = t
		}
	}
	if len(missing) > 0 {
		what := missing[0].Option
		if len(missing) == 2 {
			what = "mean and std"
		}
		return &AdviceError{c.fail("metadata", "", "the %s of the images' normalisation is not told", what), missing, true}
	}
	for _, v := range m.Std {
		if v <= 0 {
			return &AdviceError{c.fail("std", "", "%s is not positive", FormatTriple(m.Std)), []Advice{{"std", "0.229,0.224,0.225"}}, true}
		}
	}
	return nil
}

// fill copies the tensors, which are those of the layouts, into the flat
// vectors.
func (c *Checkpoint) fill(parts map[string]part, params, running nn.Layout) error {
	for _, vector := range []struct {
		layout nn.Layout
		to     *[]float32
	}{{params, &c.Params}, {running, &c.Running}} {
		values := make([]float32, vector.layout.Len())
		for _, p := range vector.layout {
			v, err := parts[p.Name].Float32s()
			if err != nil {
				if f, ok := err.(*artifact.FormatError); ok {
					f.Path, f.Mend = c.Path, "save the tensor as one of those"
				}
				return err
			}
			copy(values[p.Offset:], v)
		}
		*vector.to = values
	}
	if counters := len(parts) - len(params) - len(running); counters > 0 {
		c.notef("ignored %d %s", counters, counter)
	}
	return nil
}
