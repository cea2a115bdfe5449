package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/npy"
	"srn/pkg/torchfile"
)

// maxSize bounds what a checkpoint may take: the largest network here has
// some 20 million parameters.
const maxSize = 1 << 30

// read reads a file of any of the kinds that hold tensors, told apart by their
// first bytes: safetensors, torch.save's two, NumPy's .npz.
func (c *Checkpoint) read(o Overrides) (*artifact.File, error) {
	in, err := artifact.Open(c.Path, artifact.Limits{Total: maxSize})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	head, err := in.Head(8)
	if err != nil {
		return nil, err
	}
	if !torchfile.IsZip(head) && !artifact.IsPickle(head) {
		f, err := in.File()
		if err == nil && o.Key != "" {
			err = c.choose(f, o.Key)
		}
		return f, err
	}
	b, sum, err := in.Bytes()
	if err != nil {
		return nil, err
	}
	f := &artifact.File{SHA256: sum}
	if torchfile.IsZip(head) && arrays(b) {
		if f.Tensors, err = npy.ReadZip(b, maxSize); err == nil && o.Key != "" {
			err = c.choose(f, o.Key)
		}
	} else {
		f.Tensors, err = c.stateDict(b, o.Key)
	}
	if bad := (*artifact.FormatError)(nil); errors.As(err, &bad) && bad.Path == "" {
		bad.Path = c.Path
	}
	return f, err
}

// arrays tells whether a zip archive is one of NumPy's: its first member is an
// array.
func arrays(zip []byte) bool {
	const name = 30 // offset of the first member's name
	return len(zip) > name && bytes.HasSuffix(zip[name:min(len(zip), name+int(zip[26])+int(zip[27])<<8)], []byte(".npy"))
}

// stateDict reads a file of torch.save. A key that it does not have may yet be
// a prefix of names.
func (c *Checkpoint) stateDict(b []byte, key string) ([]artifact.Tensor, error) {
	f, err := torchfile.Read(b, maxSize)
	if err != nil {
		return nil, err
	}
	s, err := f.StateDict(key)
	var none *torchfile.KeyError
	if errors.As(err, &none) && key != "" {
		if all, err := f.StateDict(""); err == nil {
			if picked := prefixed(all.Tensors, key); len(picked) > 0 {
				c.notef("took the tensors whose names start with %q", key+".")
				return picked, nil
			}
		}
	}
	if errors.As(err, &none) {
		bad := c.fail("", "", "%v", none)
		if len(none.Have) > 0 {
			return nil, &AdviceError{FormatError: bad, Advice: []Advice{{"key", none.Have[0]}}}
		}
		bad.Mend = "save one in PyTorch: torch.save(net.state_dict(), …)"
		return nil, bad
	}
	if err != nil {
		return nil, err
	}
	if s.Key != "" {
		text := fmt.Sprintf("took the state dict %q", s.Key)
		if len(s.Others) > 0 {
			text += "; it also has " + some(s.Others)
		}
		c.notef("%s", text)
	} else if len(s.Others) > 0 {
		c.notef("took the tensors of the file itself; it also has the state dicts %s", some(s.Others))
	}
	if len(s.Skipped) > 0 {
		c.notef("passed over what is no tensor: %s", some(s.Skipped))
	}
	return s.Tensors, nil
}

// choose keeps the tensors of a file without keys that a key is a prefix of.
func (c *Checkpoint) choose(f *artifact.File, key string) error {
	picked := prefixed(f.Tensors, key)
	if len(picked) == 0 {
		var names []string
		for _, t := range f.Tensors {
			names = append(names, t.Name)
		}
		return c.failf("tensors", "the file has "+some(names), "have no name that begins with %q", key+".")
	}
	if len(picked) < len(f.Tensors) {
		c.notef("took the tensors whose names start with %q, %d of %d", key+".", len(picked), len(f.Tensors))
	}
	f.Tensors = picked
	return nil
}

// prefixed are the tensors under a prefix, without it.
func prefixed(tensors []artifact.Tensor, prefix string) (picked []artifact.Tensor) {
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, prefix+"."); ok {
			t.Name = name
			picked = append(picked, t)
		}
	}
	return picked
}
