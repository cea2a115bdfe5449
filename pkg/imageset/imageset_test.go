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
