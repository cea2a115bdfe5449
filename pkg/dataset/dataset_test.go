package dataset

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/cifar"
	"srn/pkg/rng"
)

// random is a data set of random images of the given classes, sizes by class.
func random(seed uint64, sizes ...int) *Data {
	d := &Data{Name: "cifar10"}
	r := rng.New(seed)
	for class, n := range sizes {
		d.Classes = append(d.Classes, fmt.Sprint("class", class))
		for range n {
			d.Train.Labels = append(d.Train.Labels, int32(class))
		}
	}
	r.Shuffle(d.Train.Len(), func(i, j int) {
		l := d.Train.Labels
		l[i], l[j] = l[j], l[i]
	})
	d.Train.Pixels = make([]byte, d.Train.Len()*Pixels)
	for i := range d.Train.Pixels {
		d.Train.Pixels[i] = byte(r.Uint32())
	}
	d.Test = Split{Pixels: d.Train.Pixels[:2*Pixels], Labels: d.Train.Labels[:2]}
	d.Normalise()
	return d
}

func TestMoments(t *testing.T) {
	d := random(1, 3, 4)
	for c := range 3 {
		var sum, squares, n float64
		for i := c; i < len(d.Train.Pixels); i += 3 {
			sum += float64(d.Train.Pixels[i]) / 255
			n++
		}
		for i := c; i < len(d.Train.Pixels); i += 3 {
			dev := float64(d.Train.Pixels[i])/255 - sum/n
			squares += dev * dev
		}
		if mean, std := sum/n, math.Sqrt(squares/n); math.Abs(float64(d.Mean[c])-mean) > 1e-7 || math.Abs(float64(d.Std[c])-std) > 1e-7 {
			t.Errorf("channel %d: %v, %v, want %v, %v", c, d.Mean[c], d.Std[c], mean, std)
		}
	}
	if _, std := moments(make([]byte, Pixels)); std[0] <= 0 {
		t.Error("a black data set has no deviation to divide by")
	}
}

// chosen lists the class and content of the validation images, sorted.
func chosen(d *Data) []string {
	var s []string
	for _, i := range d.MetaVal {
		s = append(s, fmt.Sprint(d.Train.Labels[i], string(d.Train.Image(int(i)))))
	}
	slices.Sort(s)
	return s
}

func TestPart(t *testing.T) {
	d := random(2, 25, 10, 4, 1)
	// Equal images, some in one class and some in two.
	for i := range 8 {
		copy(d.Train.Image(i), d.Train.Image(20))
	}
	for _, fraction := range []float64{0, .1, .25, .5, .9} {
		if err := d.Part(fraction, 7); err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(d.MetaTrain, d.MetaVal)
		slices.Sort(all)
		if !slices.Equal(all, d.Train.Indices()) || !slices.IsSorted(d.MetaTrain) || !slices.IsSorted(d.MetaVal) {
			t.Fatalf("%v: the parts are not a partition in ascending order", fraction)
		}
		for class, n := range d.Train.Counts(4, d.Train.Indices()) {
			want := int(math.Round(fraction * float64(n)))
			if got := d.Train.Counts(4, d.MetaVal)[class]; got != want {
				t.Errorf("%v: %d of %d images of class %d are for validation, want %d", fraction, got, n, class, want)
			}
		}

		other := &Data{Classes: d.Classes}
		for _, i := range rng.New(3).Perm(d.Train.Len()) {
			other.Train.Pixels = append(other.Train.Pixels, d.Train.Image(i)...)
			other.Train.Labels = append(other.Train.Labels, d.Train.Labels[i])
		}
		if err := other.Part(fraction, 7); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(chosen(d), chosen(other)) {
			t.Errorf("%v: the choice depends on the order of the images", fraction)
		}
	}
	d.Part(.5, 1)
	first := slices.Clone(d.MetaVal)
	d.Part(.5, 2)
	if slices.Equal(first, d.MetaVal) {
		t.Error("the choice does not depend on the seed")
	}
	for _, f := range []float64{-.1, 1, math.NaN()} {
		if d.Part(f, 0) == nil {
			t.Errorf("fraction %v is accepted", f)
		}
	}
}

func TestSaveLoad(t *testing.T) {
	dir := t.TempDir()
	plain := random(4, 5, 6)
	coarse := random(5, 5, 6)
	coarse.Name, coarse.CoarseClasses = "cifar100", []string{"a", "b"}
	coarse.Train.Coarse = make([]int32, coarse.Train.Len())
	coarse.Test.Coarse = []int32{0, 1}
	coarse.SourceSHA256 = "abc"
	for i, d := range []*Data{plain, coarse} {
		if err := d.Part(.3, 9); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"d.safetensors", "d.safetensors.zst"} {
			path := filepath.Join(dir, fmt.Sprint(i, name))
			if err := d.Save(path, artifact.Provenance{Tool: "test"}); err != nil {
				t.Fatal(err)
			}
			got, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, d) {
				t.Errorf("%s: read back as %+v", path, got)
			}
			if sum, err := artifact.HashFile(path); err != nil || sum != d.SHA256 {
				t.Errorf("hash of %s is %s, %v; want %s", path, sum, err, d.SHA256)
			}
		}
	}
}

func TestSaveIfChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.safetensors.zst")
	d := random(6, 5, 6)
	d.Part(.3, 9)
	past := time.Unix(1e9, 0)
	for i, want := range []bool{true, false, false, true} {
		if i == 3 {
			d.Part(.3, 10)
		}
		sum := d.SHA256
		d.SHA256 = ""
		wrote, err := d.SaveIfChanged(path, artifact.Provenance{})
		if err != nil || wrote != want || d.SHA256 == "" || !want && d.SHA256 != sum {
			t.Fatalf("call %d: wrote is %v, %v", i, wrote, err)
		}
		if info, _ := os.Stat(path); info.ModTime().Equal(past) == want {
			t.Errorf("call %d: changed at %v", i, info.ModTime())
		}
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		data func(d *Data)          // changes before writing,
		file func(f *artifact.File) // and while
		want string
	}{
		{"format", nil, func(f *artifact.File) { f.Metadata["format"] = "srn-checkpoint/1" }, "srn-checkpoint/1"},
		{"classes", nil, func(f *artifact.File) { f.Metadata["classes"] = "3" }, `"classes"`},
		{"one class", nil, func(f *artifact.File) { f.Metadata["classes"] = `["a"]` }, "at least 2"},
		{"mean", nil, func(f *artifact.File) { f.Metadata["mean"] = "1,2" }, "three numbers"},
		{"deviation 0", nil, func(f *artifact.File) { f.Metadata["std"] = "0,1,1" }, `"std"`},
		{"NaN", nil, func(f *artifact.File) { f.Metadata["std"] = "NaN,1,1" }, `"std"`},
		{"seed", nil, func(f *artifact.File) { delete(f.Metadata, "seed") }, `"seed"`},
		{"label", func(d *Data) { d.Train.Labels[3] = 2 }, nil, "element 3 is 2, not 0 to 1"},
		{"index", func(d *Data) { d.MetaVal[1] = -1 }, nil, `"meta_val"`},
		{"overlap", func(d *Data) { d.MetaVal[0] = d.MetaTrain[0] }, nil, "has already"},
		{"no images", func(d *Data) { d.Test = Split{} }, nil, "no images"},
		{"tensor missing", nil, func(f *artifact.File) { f.Tensors = f.Tensors[1:] }, "_images"},
		{"superclasses", nil, func(f *artifact.File) { f.Metadata["coarse_classes"] = `["a"]` }, "train_coarse_labels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := random(7, 5, 6)
			d.Part(.5, 0)
			path := filepath.Join(t.TempDir(), "d.safetensors")
			if c.data != nil {
				c.data(d)
			}
			f, err := d.file(artifact.Provenance{})
			if err != nil {
				t.Fatal(err)
			}
			if c.file != nil {
				c.file(f)
			}
			if err := artifact.Write(path, f); err != nil {
				t.Fatal(err)
			}
			_, err = Load(path)
			var bad *artifact.FormatError
			if !errors.As(err, &bad) || bad.Mend == "" || bad.Path != path || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %#v, want a FormatError with %q", err, c.want)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	d := random(8, 5, 6)
	d.Part(.5, 0)
	for name, want := range map[string]int{"train": 11, "test": 2, "meta_train": 5, "meta_val": 6} {
		s, indices, err := d.Select(name)
		if err != nil || len(indices) != want || (s == &d.Test) != (name == "test") {
			t.Errorf("%s: %d images, %v", name, len(indices), err)
		}
	}
	if _, _, err := d.Select("val"); err == nil || !strings.Contains(err.Error(), "meta_val") {
		t.Errorf("split val gives %v", err)
	}
	if im := d.Images(&d.Test); im.Size != Size || len(im.Pixels) != 2*Pixels || im.Std != d.Std {
		t.Errorf("images for a backend are %+v", im)
	}
}

// TestReal checks the constants and parts of the real CIFAR-10, where there is
// one.
func TestReal(t *testing.T) {
	path := os.Getenv("SRN_CIFAR10")
	if path == "" {
		t.Skip("SRN_CIFAR10 names no CIFAR-10 archive or folder")
	}
	set, err := cifar.Read(path, cifar.Options{Dataset: "cifar10"})
	if err != nil {
		t.Fatal(err)
	}
	d := &Data{Name: set.Name, Classes: set.Classes, Train: Split(set.Train), Test: Split(set.Test)}
	d.Normalise()
	for c := range 3 {
		mean, std := [3]float64{.4914, .4822, .4465}[c], [3]float64{.2470, .2435, .2616}[c]
		if math.Abs(float64(d.Mean[c])-mean) > 6e-5 || math.Abs(float64(d.Std[c])-std) > 6e-5 {
			t.Errorf("channel %d: mean %v, deviation %v, want %v, %v", c, d.Mean[c], d.Std[c], mean, std)
		}
	}
	if err := d.Part(.1, 0); err != nil {
		t.Fatal(err)
	}
	for class, n := range d.Train.Counts(10, d.MetaVal) {
		if n != 500 {
			t.Errorf("%d validation images of class %d", n, class)
		}
	}
}
