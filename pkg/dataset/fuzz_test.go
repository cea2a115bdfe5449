package dataset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
)

// Whatever a file holds, it is a data set that can be trained on or a
// FormatError.
func FuzzLoad(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x")
	d := random(1, 3, 4)
	if err := d.Part(0.5, 1); err != nil {
		f.Fatal(err)
	}
	if err := d.Save(path, artifact.Provenance{Tool: "test"}); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	for _, change := range []struct{ old, new string }{
		{`"mean":"`, `"mean":"NaN`}, {`"std":"`, `"std":"-`}, {`"seed":"`, `"seed":"-`}, {"srn-data/1", "srn-data/0"},
		{`"I32"`, `"U32"`}, {`[7,32,32,3]`, `[7,32,3,32]`}, {`[\"class0\"`, `[1`},
	} {
		f.Add(bytes.ReplaceAll(b, []byte(change.old), []byte(change.new)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		var d *Data
		var err error
		boundtest.Allocates(t, 512<<20, func() { d, err = Load(path) })
		if err != nil {
			var bad *artifact.FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		for _, name := range []string{"train", "test", "meta_train", "meta_val"} {
			split, indices, err := d.Select(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range indices {
				if int(i) >= split.Len() || int(split.Labels[i]) >= len(d.Classes) || len(split.Pixels) != split.Len()*Pixels {
					t.Fatalf("%s: image %d of %d", name, i, split.Len())
				}
			}
		}
	})
}
