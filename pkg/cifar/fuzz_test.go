package cifar

import (
	"bytes"
	"errors"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/cifar/cifartest"
)

// archiveBound is what reading an archive of a few hundred kilobytes may
// allocate: buffers, and the pixels of one whole set of training images, which
// a header may claim before they are there.
const archiveBound = 50_000*Pixels + 64<<20

// Whatever an archive holds, it is a data set or a FormatError.
func FuzzArchive(f *testing.F) {
	for _, s := range []cifartest.Spec{
		{Dataset: "cifar10", PerFile: 1},
		{Dataset: "cifar10", PerFile: 1, Python: true},
		{Dataset: "cifar100", PerFile: 2, Python: true},
	} {
		for _, compress := range []bool{false, true} {
			var b bytes.Buffer
			if err := cifartest.Tar(&b, s.Files(), compress); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes(), s.Dataset == "cifar100")
		}
	}
	f.Add(header(f, "data_batch_1.bin", 1<<62), false)
	f.Add(header(f, "../../train.bin", 50_000*3074), true)
	f.Add(header(f, "/etc/test_batch.bin", 0), false)
	f.Fuzz(func(t *testing.T, in []byte, hundred bool) {
		c := newCollector("x", Options{Dataset: "cifar10", AllowPartial: true}, layouts[0])
		if hundred {
			c = newCollector("x", Options{Dataset: "cifar100", AllowPartial: true}, layouts[1])
		}
		boundtest.Allocates(t, archiveBound, func() {
			err := c.readArchive(bytes.NewReader(in), int64(len(in)))
			if err == nil {
				var set *Set
				if set, err = c.finish(); err == nil && len(set.Train.Pixels) != set.Train.Len()*Pixels {
					t.Error("images and labels differ in number")
				}
			}
			refused(t, err)
		})
	})
}

// Whatever a file of images or names holds, it is taken or refused.
func FuzzMember(f *testing.F) {
	names := []string{"data_batch_1", "train", "batches.meta", "meta", "batches.meta.txt", "coarse_label_names.txt"}
	for _, s := range []cifartest.Spec{
		{Dataset: "cifar10", PerFile: 2},
		{Dataset: "cifar10", PerFile: 2, Python: true},
		{Dataset: "cifar10", PerFile: 2, Python: true, ColumnMajor: true},
		{Dataset: "cifar100", PerFile: 2, Python: true},
	} {
		f.Add(s.Files()[0].Data, byte(0))
		f.Add(s.Files()[0].Data, byte(1))
	}
	f.Add(cifartest.Meta10(), byte(2))
	f.Add([]byte("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n"), byte(4))
	f.Fuzz(func(t *testing.T, in []byte, name byte) {
		boundtest.Allocates(t, archiveBound, func() {
			for i, l := range layouts {
				c := newCollector("x", Options{Dataset: l.name, AllowPartial: true}, layouts[i])
				refused(t, c.member(names[int(name)%len(names)], int64(len(in)), bytes.NewReader(in)))
			}
		})
	})
}

// refused fails unless err is nil or says that the content is bad.
func refused(t *testing.T, err error) {
	t.Helper()
	var bad *artifact.FormatError
	if err != nil && !errors.As(err, &bad) {
		t.Fatalf("%v is a %T", err, err)
	}
}
