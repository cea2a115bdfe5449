package checkpoint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
)

// naming is how a family of implementations names the modules of a residual
// network.
type naming struct {
	of    string // whose it is, for notes
	rules []rule
}

// rule gives the name here of a module by that of another naming. {g}, {b} and
// {i} stand for numbers, {b+1} for a number greater by one: "unit{b+1}" is 0
// for "unit1".
type rule struct{ from, to string }

// namings lists those that are known, the first that has all names of a file
// being its own. The names here, in which option B's projections are
// shortcut.0 (the convolution) and shortcut.1 (its batch normalisation), are
// those of akamaster/pytorch_resnet_cifar10 and kuangliu/pytorch-cifar.
var namings = []naming{
	{
		// Of akamaster, kuangliu and bearpaw; of torchvision and, after it,
		// chenyaofo/pytorch-cifar-models, with downsample and fc.
		of: "the usual CIFAR networks",
		rules: []rule{
			{"conv1", "conv1"},
			{"bn1", "bn1"},
			{"layer{g}.{b}.conv{i}", "layer{g}.{b}.conv{i}"},
			{"layer{g}.{b}.bn{i}", "layer{g}.{b}.bn{i}"},
			{"layer{g}.{b}.shortcut.{i}", "layer{g}.{b}.shortcut.{i}"},
			{"layer{g}.{b}.downsample.{i}", "layer{g}.{b}.shortcut.{i}"},
			{"linear", "linear"},
			{"fc", "linear"},
			{"classifier", "linear"},
		},
	},
	{
		of: "pytorchcv",
		rules: []rule{
			{"features.init_block.conv", "conv1"},
			{"features.init_block.bn", "bn1"},
			{"features.stage{g}.unit{b+1}.body.conv{i}.conv", "layer{g}.{b}.conv{i}"},
			{"features.stage{g}.unit{b+1}.body.conv{i}.bn", "layer{g}.{b}.bn{i}"},
			{"features.stage{g}.unit{b+1}.identity_conv.conv", "layer{g}.{b}.shortcut.0"},
			{"features.stage{g}.unit{b+1}.identity_conv.bn", "layer{g}.{b}.shortcut.1"},
			{"output", "linear"},
		},
	},
	{
		of: "weiaicunzai/pytorch-cifar100",
		rules: []rule{
			{"conv1.0", "conv1"},
			{"conv1.1", "bn1"},
			{"conv{g+1}_x.{b}.residual_function.0", "layer{g}.{b}.conv1"},
			{"conv{g+1}_x.{b}.residual_function.1", "layer{g}.{b}.bn1"},
			{"conv{g+1}_x.{b}.residual_function.3", "layer{g}.{b}.conv2"},
			{"conv{g+1}_x.{b}.residual_function.4", "layer{g}.{b}.bn2"},
			{"conv{g+1}_x.{b}.shortcut.{i}", "layer{g}.{b}.shortcut.{i}"},
			{"fc", "linear"},
		},
	},
}

// wrappers are modules that hold a network, by the prefix that they give its
// names.
var wrappers = map[string]string{
	"module":    "torch.nn.DataParallel",
	"_orig_mod": "torch.compile",
	"model":     "a module that holds the network",
}

// counter is the one tensor that a network here does without: how many batches
// a normalisation has seen, which with a fixed momentum changes nothing.
const counter = "num_batches_tracked"

var placeholder = regexp.MustCompile(`\{([a-z])(?:\+([0-9]))?\}`)

// translator is a rule ready for use.
type translator struct {
	pattern *regexp.Regexp
	letters []string
	offsets []int
	to      string
}

func (r rule) translator() translator {
	t := translator{to: r.to}
	var pattern strings.Builder
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(r.from, -1) {
		pattern.WriteString(regexp.QuoteMeta(r.from[at:m[0]]) + `([0-9]{1,4})`)
		t.letters = append(t.letters, r.from[m[2]:m[3]])
		offset := 0
		if m[4] >= 0 {
			offset, _ = strconv.Atoi(r.from[m[4]:m[5]])
		}
		t.offsets = append(t.offsets, offset)
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(r.from[at:]))
	t.pattern = regexp.MustCompile("^" + pattern.String() + "$")
	return t
}

// translate gives the name here of a module.
func (t translator) translate(module string) (string, bool) {
	m := t.pattern.FindStringSubmatch(module)
	if m == nil {
		return "", false
	}
	name := t.to
	for i, letter := range t.letters {
		n, err := strconv.Atoi(m[i+1])
		if n -= t.offsets[i]; err != nil || n < 0 || strconv.Itoa(n+t.offsets[i]) != m[i+1] {
			return "", false
		}
		name = strings.Replace(name, "{"+letter+"}", strconv.Itoa(n), 1)
	}
	return name, true
}

var translators = func() (all [][]translator) {
	for _, n := range namings {
		var list []translator
		for _, r := range n.rules {
			list = append(list, r.translator())
		}
		all = append(all, list)
	}
	return all
}()

// translate gives the names here of tensors' names, the empty string where a
// naming has none, and how many it has.
func translate(list []translator, names []string) (here []string, known int) {
	here = make([]string, len(names))
	for i, name := range names {
		at := strings.LastIndexByte(name, '.')
		if at < 0 {
			continue
		}
		for _, t := range list {
			if module, ok := t.translate(name[:at]); ok {
				here[i] = module + name[at:]
				known++
				break
			}
		}
	}
	return here, known
}

// byName lists a file's tensors by the names here, after what the user renames
// and without a prefix that all names share. Of names that no naming has, the
// naming being the one that has most, they are the file's.
func (c *Checkpoint) byName(f *artifact.File, renames []Rename) (map[string]part, error) {
	all := make([]string, len(f.Tensors))
	for i, t := range f.Tensors {
		all[i] = t.Name
	}
	// A prefix goes as long as no name is known with it.
	prefix, names := "", slices.Clone(all)
	var here []string
	for {
		renamed, err := rename(c, names, prefix, renames)
		if err != nil {
			return nil, err
		}
		var of string
		most := -1
		for i, list := range translators {
			if translated, known := translate(list, renamed); known > most {
				most, of, here = known, namings[i].of, translated
			}
		}
		if shared, ok := sharedPart(names); most == 0 && ok {
			prefix += shared + "."
			for i := range names {
				names[i] = names[i][len(shared)+1:]
			}
			continue
		}
		if most == 0 {
			prefix, names, renamed = "", all, all
		}
		c.noteNames(prefix, of, renamed, here)
		for i, name := range here {
			if name == "" {
				here[i] = renamed[i]
			}
		}
		break
	}
	parts := make(map[string]part, len(here))
	for i, name := range here {
		if old, ok := parts[name]; ok {
			return nil, c.failf("tensors", "leave one of them out", "%s and %s are both %s", old.from, names[i], name)
		}
		parts[name] = part{f.Tensors[i], names[i]}
	}
	return parts, nil
}

// part is a tensor of a file, with its name there but for a prefix.
type part struct {
	artifact.Tensor
	from string
}

// sharedPart is what all names have before their first point.
func sharedPart(names []string) (string, bool) {
	if len(names) == 0 {
		return "", false
	}
	first, _, ok := strings.Cut(names[0], ".")
	for _, name := range names {
		ok = ok && strings.HasPrefix(name, first+".")
	}
	return first, ok
}

// noteNames tells what names were taken for.
func (c *Checkpoint) noteNames(prefix, of string, names, here []string) {
	if prefix != "" {
		by := ""
		for part := range strings.SplitSeq(strings.TrimSuffix(prefix, "."), ".") {
			if w := wrappers[part]; w != "" && by == "" {
				by = ", as " + w + " makes them"
			}
		}
		c.notef("names start with %q%s; taken without it", prefix, by)
	}
	changed, example := 0, ""
	for i, name := range names {
		if here[i] != "" && here[i] != name {
			if changed++; example == "" {
				example = fmt.Sprintf("%s is taken for %s", name, here[i])
			}
		}
	}
	if changed > 0 {
		c.notef("%d names are as those of %s: %s", changed, of, example)
	}
}

// Rename is a module's or tensor's name in a file and the name here.
type Rename struct{ Old, New string }

// ParseRename reads OLD=NEW.
func ParseRename(text string) (Rename, error) {
	old, new, ok := strings.Cut(text, "=")
	if !ok || old == "" || new == "" || strings.Contains(new, "=") {
		return Rename{}, fmt.Errorf("%q is not OLD=NEW, such as head=linear", text)
	}
	return Rename{old, new}, nil
}

// rename applies renames to names that have lost a prefix, which the renames
// may have or not. Each must have a name to change once no more prefix is to be
// lost; a name is changed once.
func rename(c *Checkpoint, names []string, prefix string, renames []Rename) ([]string, error) {
	out := make([]string, len(names))
	copy(out, names)
	for _, r := range renames {
		used := false
		for i, name := range names {
			for _, old := range []string{r.Old, strings.TrimPrefix(r.Old, prefix)} {
				rest, ok := strings.CutPrefix(name, old)
				if ok && (rest == "" || rest[0] == '.') {
					out[i] = strings.TrimPrefix(r.New, prefix) + rest
					used = true
					break
				}
			}
		}
		if !used {
			if _, more := sharedPart(names); more {
				continue // the names may lose it yet
			}
			return nil, c.failf("tensors", "the file has "+some(names), "have no name that is or begins with %s, which is to be renamed", r.Old)
		}
	}
	return out, nil
}
