package surrogate_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

// Whatever a file holds, it is a surrogate for the layout or a FormatError.
func FuzzSurrogate(f *testing.F) {
	be := cpu.New(1, kernels.Best())
	defer be.Close()
	layout := nn.Layout{{Name: "w", Shape: []int{200}}}
	path := filepath.Join(f.TempDir(), "x")
	for _, change := range []func(*surrogate.Config){
		func(*surrogate.Config) {}, func(c *surrogate.Config) { c.Kernel = 3 }, func(c *surrogate.Config) { c.Channels = nil },
	} {
		c := surrogate.DefaultConfig()
		c.Channels = []int{16}
		change(&c)
		s, err := surrogate.New(be, c, layout)
		if err != nil {
			continue
		}
		s.Init(1)
		if err := surrogate.Save(path, s, &surrogate.File{Arch: "resnet8", Dataset: "cifar10", Rounds: 3, Meta: surrogatetest.Meta(), Provenance: artifact.Provenance{Tool: "test"}}); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		var err error
		boundtest.Allocates(t, 512<<20, func() {
			var file *surrogate.File
			if file, err = surrogate.Load(path); err == nil {
				_, err = file.Surrogate(be, layout)
			}
		})
		var bad *artifact.FormatError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v is a %T", err, err)
		}
	})
}
