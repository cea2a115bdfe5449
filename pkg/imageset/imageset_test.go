package imageset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/npy"
)

// members are those of an archive made by testdata/make_files.py.
func members(t testing.TB, name string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string][]byte{}
	for _, f := range z.File {
		if all[f.Name], err = fs.ReadFile(z, f.Name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Pictures have the pixels that Pillow reads; of JPEG ones but for how colours
// of half the resolution are spread, which this reader does not smooth.
func TestPictures(t *testing.T) {
	all := members(t, "pictures.zip")
	n := 0
	for name, b := range all {
		ext := filepath.Ext(name)
		if ext == ".npy" {
			continue
		}
		n++
		p, err := decode(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		of := strings.TrimSuffix(name, ext) + ".npy"
		tolerance := 0
		if ext == ".jpg" {
			tolerance = 16
		}
		if name == "grey.jpg" {
			of = "grey-jpg.npy"
		}
		want, err := npy.Read(bytes.NewReader(all[of]), of, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if want.Shape[0] != p.h || want.Shape[1] != p.w {
			t.Errorf("%s: %d×%d, want %v", name, p.h, p.w, want.Shape)
			continue
		}
		sum := 0
		for i, v := range p.data {
			d := int(v) - int(want.Data[i])
			if sum += max(d, -d); d > tolerance || d < -tolerance {
				t.Errorf("%s: byte %d is %d, want %d", name, i, v, want.Data[i])
				break
			}
		}
		if mean := float64(sum) / float64(len(p.data)); mean > float64(tolerance)/8 {
			t.Errorf("%s: %v off in the mean", name, mean)
		}
	}
	if n != 10 {
		t.Errorf("%d pictures", n)
	}
}

func TestFit(t *testing.T) {
	grey := func(h, w int, at func(y, x int) byte) *picture {
		p := &picture{h: h, w: w}
		for y := range h {
			for x := range w {
				v := at(y, x)
				p.data = append(p.data, v, v, v)
			}
		}
		return p
	}
	nine := func(y, x int) byte { return 9 }
	for _, c := range []struct {
		h, w int
		how  Resize
		ok   bool
	}{
		{32, 32, "", true}, {28, 28, "", true}, {28, 28, Pad, true}, {16, 20, Pad, true}, {16, 20, "", false}, {33, 32, Pad, false},
		{64, 64, "", false}, {64, 64, Area, true}, {1, 1, Area, true}, {37, 50, Area, true},
	} {
		b, err := grey(c.h, c.w, nine).fit(c.how)
		if (err == nil) != c.ok || c.ok && len(b) != pixels {
			t.Errorf("%d×%d by %q: %d bytes, %v", c.h, c.w, c.how, len(b), err)
		}
		if c.ok && c.how == Area && slices.ContainsFunc(b, func(v byte) bool { return v != 9 }) {
			t.Errorf("%d×%d: a flat image is not flat", c.h, c.w)
		}
	}
	b, _ := grey(28, 28, nine).fit("")
	if b[3*(1*32+16)] != 0 || b[3*(2*32+2)] != 9 || b[3*(2*32+1)] != 0 || b[3*(29*32+29)] != 9 || b[3*(30*32+16)] != 0 {
		t.Error("the border is not of 2 pixels")
	}
	// Of 64×64, each pixel is the mean of four; the middle of 64×96 is taken.
	b, _ = grey(64, 96, func(y, x int) byte { return byte(2*(y%2) + 4*(x%2) + x - 16) }).fit(Area)
	if b[0] != 4 || b[3] != 6 {
		t.Errorf("averages %d, %d", b[0], b[3])
	}
	// Of 48×48, a pixel covers 1½ in each direction: (4·a + 2·b + 2·c + d)/9.
	b, _ = grey(48, 48, func(y, x int) byte {
		if y == 1 && x == 1 {
			return 90
		}
		return 0
	}).fit(Area)
	if b[0] != 10 || b[3] != 10 || b[3*33] != 10 {
		t.Errorf("averages %d, %d, %d", b[0], b[3], b[3*33])
	}
}

// flat is a PNG file of one value.
func flat(t testing.TB, h, w int, v byte) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tree writes files below a folder.
func tree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "flowers")
	for name, b := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// archived is a tar archive of files.
func archived(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		w.WriteHeader(&tar.Header{Name: "flowers/" + name, Mode: 0o644, Size: int64(len(content))})
		w.Write(content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed writes files as an archive.
func packed(t *testing.T, files map[string][]byte, compress bool) string {
	t.Helper()
	b := *bytes.NewBuffer(archived(t, files))
	path := filepath.Join(t.TempDir(), "flowers.tar")
	if compress {
		var z bytes.Buffer
		g := gzip.NewWriter(&z)
		g.Write(b.Bytes())
		g.Close()
		b, path = z, path+".gz"
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// flowers are images of two classes in three parts, of values 1, 2, ….
func flowers(t *testing.T, parts ...string) map[string][]byte {
	files := map[string][]byte{}
	v := byte(0)
	for _, part := range parts {
		for _, class := range []string{"tulip", "rose"} {
			for i := range 3 {
				v++
				files[filepath.ToSlash(filepath.Join(part, class, fmt.Sprintf("%d.png", i)))] = flat(t, 32, 32, v)
			}
		}
	}
	return files
}

// Folders and archives of them give the same set: classes and images sorted by
// name.
func TestFolders(t *testing.T) {
	all := flowers(t, "train", "Val", "test")
	all[".DS_Store"] = nil
	all["train/rose/.hidden.png"] = nil
	all["readme.txt"] = []byte("x")
	shapes := map[string]string{"folder": tree(t, all), "tar": packed(t, all, false), "tar.gz": packed(t, all, true)}
	shapes["above"] = filepath.Dir(shapes["folder"])
	for name, path := range shapes {
		set, err := Read(path, Options{Kind: Folder})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(set.Classes, []string{"rose", "tulip"}) || set.Train.Len() != 6 || set.Valid.Len() != 6 || set.Test.Len() != 6 {
			t.Errorf("%s: %v, %d, %d, %d", name, set.Classes, set.Train.Len(), set.Valid.Len(), set.Test.Len())
			continue
		}
		if !slices.Equal(set.Train.Labels, []int32{0, 0, 0, 1, 1, 1}) || set.Train.Image(0)[0] != 4 || set.Train.Image(3)[7] != 1 || set.Test.Image(0)[0] != 16 {
			t.Errorf("%s: labels %v, images %d, %d", name, set.Train.Labels, set.Train.Image(0)[0], set.Train.Image(3)[7])
		}
		if name != "above" && set.Name != "flowers" || len(set.Source.SHA256) != 64 {
			t.Errorf("%s: name %q, hash %q", name, set.Name, set.Source.SHA256)
		}
		if d := set.Data(); d.Train.Len() != 12 || d.Train.Image(6)[0] != 10 {
			t.Errorf("%s: %d images with those for validation", name, d.Train.Len())
		}
	}
	// Without parts, all are training images.
	set, err := Read(tree(t, flowers(t, "")), Options{Kind: Folder})
	if err != nil || set.Train.Len() != 6 || set.Test.Len() != 0 {
		t.Errorf("%+v, %v", set, err)
	}
	// A change of an image changes the hash.
	was := set.Source.SHA256
	other := flowers(t, "")
	other["rose/0.png"] = flat(t, 32, 32, 99)
	if set, err = Read(tree(t, other), Options{Kind: Folder}); err != nil || set.Source.SHA256 == was {
		t.Errorf("the same hash of other images, %v", err)
	}
}

func TestWrongFolders(t *testing.T) {
	with := func(files map[string][]byte, name string, b []byte) map[string][]byte {
		files[name] = b
		return files
	}
	good := flat(t, 32, 32, 1)
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"empty":           {tree(t, map[string][]byte{"x.txt": nil}), "holds no PNG or JPEG images"},
		"CIFAR's":         {tree(t, map[string][]byte{"data_batch_1.bin": nil}), "looks like the data set cifar10"},
		"parquet":         {tree(t, map[string][]byte{"train-00000.parquet": nil}), "make a .npz"},
		"no classes":      {tree(t, map[string][]byte{"a.png": good, "b.png": good}), "is in no folder of a class"},
		"one class":       {tree(t, map[string][]byte{"rose/a.png": good, "rose/b.png": good}), "is in no folder of a class"},
		"no class folder": {tree(t, map[string][]byte{"train/a.png": good, "test/a.png": good}), "is in no folder of a class"},
		"beside classes":  {tree(t, with(flowers(t, ""), "stray.png", good)), "stray.png: is in no folder of a class"},
		"other classes":   {tree(t, with(flowers(t, "train", "test"), "test/daisy/a.png", good)), `has no images of "daisy" in train`},
		"webp":            {tree(t, with(flowers(t, ""), "rose/x.webp", nil)), "rose/x.webp: is an image of a kind that is not read"},
		"no image":        {tree(t, with(flowers(t, ""), "rose/x.png", []byte("text"))), "rose/x.png: is no PNG or JPEG image"},
		"cut":             {tree(t, with(flowers(t, ""), "rose/x.png", good[:len(good)-20])), "rose/x.png: is damaged"},
		"size":            {tree(t, with(flowers(t, ""), "rose/x.png", flat(t, 64, 48, 1))), "rose/x.png: has 48×64 pixels, not 32×32"},
		"zip":             {"testdata/pictures.zip", "unpack it"},
		"text":            {"imageset_test.go", "is no tar archive"},
		"cut archive":     {cut(t, packed(t, flowers(t, "train", "test"), true)), "ends too early or is damaged"},
	} {
		_, err := Read(c.path, Options{Kind: Folder})
		var bad *artifact.FormatError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || bad.Path != c.path {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	var size *SizeError
	if _, err := Read(tree(t, with(flowers(t, ""), "rose/x.png", flat(t, 20, 20, 1))), Options{Kind: Folder}); !errors.As(err, &size) || size.Mend != Pad {
		t.Errorf("a small image: %v", err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "nowhere"), Options{Kind: Folder}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nowhere: %v", err)
	}
}

func cut(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)-30], 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCINIC10(t *testing.T) {
	files := map[string][]byte{}
	for _, part := range []string{"train", "valid", "test"} {
		for i, class := range strings.Fields("airplane automobile bird cat deer dog frog horse ship truck") {
			files[part+"/"+class+"/cifar10-train-1.png"] = flat(t, 32, 32, byte(i))
		}
	}
	path := tree(t, files)
	_, err := Read(path, Options{Kind: CINIC10})
	var partial *PartialError
	if !errors.As(err, &partial) || !strings.Contains(err.Error(), "has 10 images, not the 90000") {
		t.Errorf("%v", err)
	}
	set, err := Read(path, Options{Kind: CINIC10, AllowPartial: true})
	if err != nil || set.Name != "cinic10" || set.Valid.Len() != 10 || len(set.Source.Notes) != 3 {
		t.Errorf("%+v, %v", set, err)
	}
	if _, err := Read(tree(t, flowers(t, "train", "test")), Options{Kind: CINIC10}); err == nil || !strings.Contains(err.Error(), "not CINIC-10's") {
		t.Errorf("%v", err)
	}
}

// written writes members of the archive of arrays into a folder.
func written(t *testing.T, names ...string) string {
	t.Helper()
	all := members(t, "arrays.zip")
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), all[name], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestArrays(t *testing.T) {
	for name, want := range map[string]struct{ train, valid, test int }{
		"keras.npz": {8, 0, 2}, "medmnist.npz": {8, 2, 2}, "plain.npz": {8, 0, 0}, "planes.npz": {8, 0, 0},
	} {
		set, err := Read(filepath.Join(written(t, name), name), Options{Kind: Arrays})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set.Train.Len() != want.train || set.Valid.Len() != want.valid || set.Test.Len() != want.test || !slices.Equal(set.Classes, []string{"0", "1"}) {
			t.Errorf("%s: %d, %d, %d of %v", name, set.Train.Len(), set.Valid.Len(), set.Test.Len(), set.Classes)
		}
		if at := 3*(16*32+16) + 1; set.Train.Image(2)[at] != 20 || set.Train.Labels[3] != 1 || set.Name != strings.TrimSuffix(name, ".npz") {
			t.Errorf("%s: %q, pixel %d, labels %v", name, set.Name, set.Train.Image(2)[at], set.Train.Labels)
		}
	}
	for name, want := range map[string]string{
		"floats.npz": "is of type F32, not U8", "names.npz": "none of the arrays that are read but pixels, targets", "unlabelled.npz": "none of labels",
		"short.npz": "not a label for each of 8", "negative.npz": "label 0 is not from 0", "onehot.npz": "not a label for each",
		"large.npz": "has 64×64 pixels", "one.npz": "labels up to 0", "cifar10.1_v6_data.npy": "is no .npz file",
	} {
		_, err := Read(filepath.Join(written(t, name), name), Options{Kind: Arrays})
		var bad *artifact.FormatError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if set, err := Read(filepath.Join(written(t, "large.npz"), "large.npz"), Options{Kind: Arrays, Resize: Area}); err != nil || set.Train.Image(3)[100] != 30 {
		t.Errorf("64×64 averaged: %v", err)
	}
}

func TestCIFAR101(t *testing.T) {
	dir := written(t, "cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")
	for _, path := range []string{dir, filepath.Join(dir, "cifar10.1_v6_data.npy")} {
		set, err := Read(path, Options{Kind: CIFAR101, AllowPartial: true})
		if err != nil || set.Test.Len() != 12 || set.Train.Len() != 0 || set.Test.Labels[11] != 1 || set.Test.Image(4)[0] != 40 {
			t.Errorf("%s: %+v, %v", path, set, err)
		}
	}
	var partial *PartialError
	if _, err := Read(dir, Options{Kind: CIFAR101}); !errors.As(err, &partial) {
		t.Errorf("12 images: %v", err)
	}
	for path, want := range map[string]string{t.TempDir(): "has no cifar10.1_v6_data.npy", filepath.Join(dir, "cifar10.1_v6_labels.npy"): "a name without data"} {
		if _, err := Read(path, Options{Kind: CIFAR101}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "cifar10.1_v6_labels.npy")); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, Options{Kind: CIFAR101}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no labels: %v", err)
	}
}

// Whatever a picture holds, it is pixels or an error, within bounds that do not
// depend on what it claims.
func FuzzPicture(f *testing.F) {
	for name, b := range members(f, "pictures.zip") {
		if filepath.Ext(name) != ".npy" {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(in)); err == nil && c.Width*c.Height > 1<<16 {
			return // large ones are slow, and bounded by maxArea
		}
		boundtest.Allocates(t, uint64(16<<20+100*len(in)), func() {
			p, err := decode(in)
			if err != nil {
				return
			}
			if len(p.data) != 3*p.h*p.w {
				t.Fatalf("%d×%d of %d bytes", p.h, p.w, len(p.data))
			}
			for _, how := range []Resize{"", Pad, Area} {
				if b, err := p.fit(how); err == nil && len(b) != pixels {
					t.Fatalf("%d bytes", len(b))
				}
			}
		})
	})
}

func TestLooks(t *testing.T) {
	for path, want := range map[string]string{
		tree(t, flowers(t, "train")): Folder, "a.npz": Arrays, "x/CINIC-10.tar.gz": CINIC10, t.TempDir(): "", "nowhere": "", "imageset_test.go": "",
	} {
		if got := Looks(path); got != want {
			t.Errorf("%s looks like %q, want %q", path, got, want)
		}
	}
}

// Whatever a file of arrays or an archive of images holds, it is a set whose
// images and labels are as many, or a FormatError.
func FuzzRead(f *testing.F) {
	for name, b := range members(f, "arrays.zip") {
		if filepath.Ext(name) == ".npz" {
			f.Add(b, true)
		}
	}
	f.Add(archived(f, map[string][]byte{"train/a/1.png": flat(f, 32, 32, 1), "train/b/1.png": flat(f, 32, 32, 2), "test/a/1.png": flat(f, 28, 28, 1), "test/b/2.png": flat(f, 32, 32, 1)}), false)
	f.Add(archived(f, map[string][]byte{"a/../../b/1.jpg": members(f, "pictures.zip")["grey.jpg"]}), false)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, arrays bool) {
		if len(in) > 1<<16 {
			return
		}
		path := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		kind := Folder
		if arrays {
			kind = Arrays
		}
		set, err := Read(path, Options{Kind: kind, Resize: Area})
		var bad *artifact.FormatError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		d := set.Data()
		if len(d.Train.Pixels) != d.Train.Len()*pixels || len(d.Test.Pixels) != d.Test.Len()*pixels {
			t.Fatal("images and labels differ in number")
		}
		for _, label := range append(d.Train.Labels, d.Test.Labels...) {
			if label < 0 || int(label) >= len(d.Classes) {
				t.Fatalf("label %d of %d classes", label, len(d.Classes))
			}
		}
	})
}
