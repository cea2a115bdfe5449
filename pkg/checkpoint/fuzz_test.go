package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
)

// Whatever a header describes, the file is a checkpoint whose vectors are
// whole or a FormatError. The data are zeros, as many as the input says.
func FuzzCheckpoint(f *testing.F) {
	header := func(file *artifact.File) (header string, data int) {
		var b bytes.Buffer
		if err := artifact.Encode(&b, file); err != nil {
			f.Fatal(err)
		}
		n := int(binary.LittleEndian.Uint64(b.Bytes()))
		return string(b.Bytes()[8:][:n]), b.Len() - 8 - n
	}
	for _, arch := range []string{"resnet8", "resnet14"} {
		for _, classes := range []int{10, 100} {
			file, err := random(f, arch, classes).File()
			if err != nil {
				f.Fatal(err)
			}
			text, n := header(file)
			f.Add(text, n, "", 0)
			for _, change := range []struct{ old, new string }{
				{`"arch":"resnet8"`, `"arch":"resnet1000000000"`}, {`"arch":"resnet8"`, `"arch":"resnet-4"`},
				{`"num_classes":"10"`, `"num_classes":"1000000000"`}, {`"num_classes":"10"`, `"num_classes":"-1"`},
				{`"std":"0.229`, `"std":"NaN`}, {`srn-checkpoint/1`, `srn-checkpoint/0`}, {`"F32"`, `"BF16"`},
				{"layer1.", "layer1.999999999."}, {"conv1", "module.conv1"},
			} {
				f.Add(strings.ReplaceAll(text, change.old, change.new), n, "", 0)
			}
			text, n = header(foreign(f, arch, classes))
			f.Add(text, n, arch, classes)
			f.Add(text, n, "resnet2000000000", -1)
		}
	}
	f.Fuzz(func(t *testing.T, header string, data int, arch string, classes int) {
		if data < 0 || data > 4<<20 {
			return
		}
		in := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		in = append(append(in, header...), make([]byte, data)...)
		file, err := artifact.Decode(bytes.NewReader(in), "x", artifact.Limits{Header: 1 << 20, Total: 8 << 20})
		if err != nil {
			return
		}
		var c *Checkpoint
		boundtest.Allocates(t, 64<<20, func() {
			c, err = Decode("x", file, Overrides{Arch: arch, Classes: classes, Mean: &mean, Std: &std})
		})
		if err != nil {
			var bad *artifact.FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		params, running, err := c.Layouts()
		if err != nil || len(c.Params) != params.Len() || len(c.Running) != running.Len() {
			t.Fatalf("%v: %d and %d values", err, len(c.Params), len(c.Running))
		}
		if _, err := c.File(); err != nil {
			t.Fatal(err)
		}
	})
}
