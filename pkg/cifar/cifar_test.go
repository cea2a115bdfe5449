package cifar

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/cifar/cifartest"
	"srn/pkg/pickle"
)

// TestForms reads every version in every form and compares all of it with
// what was put in.
func TestForms(t *testing.T) {
	for _, s := range []cifartest.Spec{
		{Dataset: "cifar10", PerFile: 130},
		{Dataset: "cifar10", PerFile: 130, Python: true},
		{Dataset: "cifar10", PerFile: 1300, Python: true}, // lists in two pieces
		{Dataset: "cifar10", PerFile: 130, Python: true, ColumnMajor: true},
		{Dataset: "cifar100", PerFile: 130},
		{Dataset: "cifar100", PerFile: 300, Python: true},
	} {
		dir := t.TempDir()
		files := s.Files()
		for _, form := range []string{"unpacked", "a.tar", "a.tar.gz", "misnamed.zip"} {
			path := filepath.Join(dir, form)
			if form == "misnamed.zip" {
				if err := os.Rename(filepath.Join(dir, "a.tar.gz"), path); err != nil {
					t.Fatal(err)
				}
			} else if err := cifartest.Write(path, files); err != nil {
				t.Fatal(err)
			}
			paths := []string{path}
			if form == "unpacked" {
				inner, _ := filepath.Split(files[0].Name)
				paths = append(paths, filepath.Join(path, inner))
			}
			for _, p := range paths {
				set, err := Read(p, Options{Dataset: s.Dataset, AllowPartial: true})
				if err != nil {
					t.Fatalf("%+v %s: %v", s, form, err)
				}
				checkSet(t, s, set)
			}
		}
	}
}

func checkSet(t *testing.T, s cifartest.Spec, set *Set) {
	t.Helper()
	images := s.Images()
	names := []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"}
	test, classes, format := "test_batch", 10, "binary"
	if s.Dataset == "cifar100" {
		names, test, classes = []string{"train"}, "test", 100
	}
	if s.Python {
		format = "python"
	}
	var train []cifartest.Image
	for _, n := range names {
		train = append(train, images[n]...)
	}
	checkPart(t, &set.Train, train, s.Dataset == "cifar100")
	checkPart(t, &set.Test, images[test], s.Dataset == "cifar100")
	if len(set.Classes) != classes || set.Name != s.Dataset || set.Source.Format != format {
		t.Errorf("read as %d classes of %s, %s version", len(set.Classes), set.Name, set.Source.Format)
	}
	if len(set.Source.SHA256) != 64 || set.Source.Verified != "" || len(set.Source.Notes) == 0 {
		t.Errorf("source is %+v", set.Source)
	}
}

func checkPart(t *testing.T, p *Part, want []cifartest.Image, coarse bool) {
	t.Helper()
	if p.Len() != len(want) || len(p.Pixels) != len(want)*Pixels || coarse != (p.Coarse != nil) {
		t.Fatalf("%d labels, %d bytes of pixels, coarse labels: %v", p.Len(), len(p.Pixels), p.Coarse != nil)
	}
	for i := range want {
		if p.Labels[i] != int32(want[i].Label) || coarse && p.Coarse[i] != int32(want[i].Coarse) {
			t.Fatalf("image %d has another label", i)
		}
		for y := range Size {
			for x := range Size {
				for c := range 3 {
					if p.Pixels[((i*Size+y)*Size+x)*3+c] != want[i].Planes[(c*Size+y)*Size+x] {
						t.Fatalf("image %d differs at row %d, column %d, channel %d", i, y, x, c)
					}
				}
			}
		}
	}
}

// TestOfficialNames checks the pickle writer of the tests, and with it the
// reader, against a published hash.
func TestOfficialNames(t *testing.T) {
	sum := md5.Sum(cifartest.Meta10())
	if got := hex.EncodeToString(sum[:]); got != "5ff9c542aee3614f3951f8cda6e48888" {
		t.Errorf("batches.meta has MD5 %s", got)
	}
	d, err := unpickle(bytes.NewReader(cifartest.Meta10()), 158)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := d.Get("label_names")
	names, _ := pickle.Strings(value)
	if n, _ := d.Get("num_vis"); !slices.Equal(names, layouts[0].classes) || n != int64(3072) {
		t.Errorf("batches.meta reads as %v", d.Items)
	}
	for _, l := range layouts {
		for _, names := range [][]string{l.classes, l.coarse} {
			if unique := slices.Compact(slices.Clone(names)); !slices.IsSorted(names) || len(unique) != len(names) {
				t.Errorf("%s: class names are not in order", l.name)
			}
		}
	}
	if len(layouts[1].classes) != 100 || len(layouts[1].coarse) != 20 {
		t.Error("CIFAR-100 has not 100 classes in 20 superclasses")
	}
}

// edit returns the files with one replaced, or left out where data is nil.
func edit(files []cifartest.File, suffix string, data []byte) []cifartest.File {
	var out []cifartest.File
	for _, f := range files {
		if !strings.HasSuffix(f.Name, suffix) {
			out = append(out, f)
		} else if data != nil {
			out = append(out, cifartest.File{Name: f.Name, Data: data})
		}
	}
	return out
}

func find(files []cifartest.File, suffix string) []byte {
	i := slices.IndexFunc(files, func(f cifartest.File) bool { return strings.HasSuffix(f.Name, suffix) })
	return bytes.Clone(files[i].Data)
}

func TestErrors(t *testing.T) {
	binary := cifartest.Spec{Dataset: "cifar10", PerFile: 20}.Files()
	python := cifartest.Spec{Dataset: "cifar10", PerFile: 20, Python: true}.Files()
	hundred := cifartest.Spec{Dataset: "cifar100", PerFile: 20}.Files()
	mislabelled := find(binary, "data_batch_3.bin")
	mislabelled[5*3073] = 10
	superclass := find(hundred, "test.bin")
	superclass[7*3074] = 20
	short := find(binary, "test_batch.bin")
	short = short[:len(short)-1]
	add := func(files []cifartest.File, name, data string) []cifartest.File {
		return append(slices.Clone(files), cifartest.File{Name: name, Data: []byte(data)})
	}
	pickle := func(old, new string) []cifartest.File {
		b := find(python, "data_batch_2")
		if !bytes.Contains(b, []byte(old)) {
			t.Fatalf("no %q to replace", old)
		}
		return edit(python, "data_batch_2", bytes.Replace(b, []byte(old), []byte(new), 1))
	}
	cut := find(python, "data_batch_4")
	cut = cut[:len(cut)/2]
	for _, c := range []struct {
		name    string
		dataset string
		files   []cifartest.File
		strict  bool
		want    []string // parts of the message
	}{
		{"count", "cifar10", binary, true, []string{"data_batch_1.bin", "20 images, not 10000", "or accept what is there"}},
		{"python count", "cifar10", python, true, []string{"data_batch_1", "20 images, not 10000", "or accept what is there"}},
		{"label", "cifar10", edit(binary, "data_batch_3.bin", mislabelled), false, []string{"data_batch_3.bin", "image 5 has label 10, not 0 to 9"}},
		{"superclass", "cifar100", edit(hundred, "test.bin", superclass), false, []string{"test.bin", "image 7 has label 20, not 0 to 19"}},
		{"size", "cifar10", edit(binary, "test_batch.bin", short), false, []string{"test_batch.bin", "no whole number of records of 3073"}},
		{"no test", "cifar10", edit(binary, "test_batch.bin", nil), false, []string{"has no test images"}},
		{"no training", "cifar100", edit(hundred, "train.bin", nil), false, []string{"has no training images"}},
		{"empty", "cifar10", edit(binary, "test_batch.bin", []byte{}), false, []string{"has no test images"}},
		{"twice", "cifar10", add(binary, "copy/test_batch.bin", ""), false, []string{"copy/test_batch.bin", "occurs twice"}},
		{"both versions", "cifar10", append(edit(binary, "data_batch_2.bin", nil), python[1]), false, []string{"data_batch_2", "python version"}},
		{"other set", "cifar100", binary, false, []string{"holds no file of CIFAR-100 but files of cifar10", "or choose cifar10"}},
		{"nothing", "cifar100", []cifartest.File{{Name: "readme", Data: []byte("x")}}, false, []string{"holds no file of CIFAR-100", "cifar-100-binary.tar.gz"}},
		{"names", "cifar10", add(binary, "x/batches.meta.txt", "cat\ndog\n"), false, []string{"batches.meta.txt", "2 class names, not 10"}},
		{"repeated name", "cifar10", add(binary, "x/batches.meta.txt", strings.Repeat("cat\n", 10)), false, []string{"class name 1", "repetition"}},
		{"huge names", "cifar10", add(binary, "x/batches.meta.txt", strings.Repeat("cat\n", 1<<19)), false, []string{"too many for class names"}},
		{"pickled names", "cifar10", edit(python, "batches.meta", []byte("\x80\x02}U\x0blabel_names]s.")), false, []string{"batches.meta", "0 class names"}},
		{"cut pickle", "cifar10", edit(python, "data_batch_4", cut), false, []string{"data_batch_4", "ends too early"}},
		{"opcode", "cifar10", pickle("U\x0bbatch_label", "\x97\x0bbatch_label"), false, []string{"opcode 0x97", "official archives"}},
		{"call", "cifar10", pickle("cnumpy.core.multiarray\n_reconstruct\n", "cos\nsystem\n"), false, []string{`asks for "system" of "os"`}},
		{"protocol", "cifar10", pickle("\x80\x02", "\x80\x06"), false, []string{"protocol 6"}},
		{"type", "cifar10", pickle("U\x02u1", "U\x02i1"), false, []string{"of type I8"}},
		{"objects", "cifar10", pickle("U\x02u1", "U\x02O8"), false, []string{`type "O8"`}},
		{"shape", "cifar10", pickle("K\x14M\x00\x0c", "K\x15M\x00\x0c"), false, []string{"[21 3072]"}},
		{"images shape", "cifar10", pickle("K\x14M\x00\x0c", "M\x00\x0cK\x14"), false, []string{`"data" is [3072 20]`}},
		{"key", "cifar10", pickle("U\x06labels", "U\x06lebals"), false, []string{`no list "labels" of 20 labels`}},
		{"key twice", "cifar10", pickle("U\x0bbatch_label", "U\x06labels"), false, []string{`key "labels" twice`}},
		{"huge string", "cifar10", pickle("U\x0bbatch_label", "T\xff\xff\xff\xffbatch_label"), false, []string{"data_batch_2", "ends too early"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.tar.gz")
			if err := cifartest.Write(path, c.files); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path, Options{Dataset: c.dataset, AllowPartial: !c.strict})
			wantFormatError(t, err, append(c.want, path)...)
		})
	}
}

func wantFormatError(t *testing.T, err error, parts ...string) {
	t.Helper()
	var bad *artifact.FormatError
	if !errors.As(err, &bad) {
		t.Fatalf("error is %v, want a FormatError", err)
	}
	if bad.Mend == "" {
		t.Errorf("%v: says no mend", err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error is %q, want %q in it", err, p)
		}
	}
}

func TestMissingFile(t *testing.T) {
	dir := t.TempDir()
	files := cifartest.Spec{Dataset: "cifar10", PerFile: 2}.Files()
	if err := cifartest.Write(dir, edit(files, "data_batch_4.bin", nil)); err != nil {
		t.Fatal(err)
	}
	set, err := Read(dir, Options{Dataset: "cifar10", AllowPartial: true})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(set.Source.Notes, "; "); set.Train.Len() != 8 || !strings.Contains(notes, "without data_batch_4") {
		t.Errorf("%d training images, notes %q", set.Train.Len(), notes)
	}
	if _, err := Read(filepath.Join(dir, "nowhere"), Options{Dataset: "cifar10"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file gives %v", err)
	}
	if _, err := Read(dir, Options{Dataset: "mnist"}); err == nil {
		t.Error("mnist is read")
	}
}

// TestDamage reads archives that are cut, changed or of another kind.
func TestDamage(t *testing.T) {
	var packed, plain bytes.Buffer
	files := cifartest.Spec{Dataset: "cifar10", PerFile: 20}.Files()
	if err := errors.Join(cifartest.Tar(&packed, files, true), cifartest.Tar(&plain, files, false)); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(packed.Bytes())
	flipped[len(flipped)-6] ^= 1 // in the checksum
	broken := bytes.Clone(packed.Bytes())
	copy(broken[5000:], bytes.Repeat([]byte{0xff}, 5000))
	for name, b := range map[string][]byte{
		"cut gzip":    packed.Bytes()[:packed.Len()/2],
		"cut end":     packed.Bytes()[:packed.Len()-4],
		"cut header":  packed.Bytes()[:5],
		"cut tar":     plain.Bytes()[:plain.Len()/2],
		"checksum":    flipped,
		"broken":      broken,
		"empty":       {},
		"text":        []byte(strings.Repeat("no archive at all\n", 100)),
		"gzip of txt": gz(t, strings.NewReader(strings.Repeat("no archive at all\n", 100))),
		"one record":  files[0].Data,
	} {
		path := filepath.Join(t.TempDir(), "a.tar.gz")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path, Options{Dataset: "cifar10", AllowPartial: true})
		t.Run(name, func(t *testing.T) { wantFormatError(t, err, path) })
	}
}

func gz(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPathsAreIgnored reads members with hostile names and of other kinds than
// files: nothing is written, links are not followed.
func TestPathsAreIgnored(t *testing.T) {
	dir := t.TempDir()
	files := cifartest.Spec{Dataset: "cifar10", PerFile: 2}.Files()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "data_batch_1.bin", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "test_batch.bin", Typeflag: tar.TypeLink, Linkname: "../x"},
		{Name: "data_batch_2.bin", Typeflag: tar.TypeDir},
		{Name: "data_batch_2.bin", Typeflag: tar.TypeFifo},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range files {
		name := []string{"../../../" + filepath.Base(f.Name), filepath.Join(dir, filepath.Base(f.Name))}[i%2]
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(f.Data))}); err != nil {
			t.Fatal(err)
		}
		w.Write(f.Data)
	}
	w.Close()
	path := filepath.Join(dir, "a.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	set, err := Read(path, Options{Dataset: "cifar10", AllowPartial: true})
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Len() != 10 || set.Test.Len() != 2 {
		t.Errorf("%d and %d images", set.Train.Len(), set.Test.Len())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("files were written: %v", entries)
	}
}

// header is a tar header that claims a size without content of it.
func header(t testing.TB, name string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros is a gzip stream that unpacks to the most that is read.
func zeros(t *testing.T) []byte {
	const size = 16 << 20
	return bytes.Repeat(gz(t, bytes.NewReader(make([]byte, size))), maxUnpacked/size)
}

func TestBounds(t *testing.T) {
	packed := func(b []byte) []byte { return gz(t, bytes.NewReader(b)) }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"huge member", packed(header(t, "data_batch_1.bin", 1<<62)), "claims 4611686018427387904 bytes"},
		{"member not there", packed(header(t, "data_batch_1.bin", 10_000*3073)), "ends too early"},
		{"huge unknown member", append(packed(header(t, "x", 1<<40)), zeros(t)...), "unpacks to more"},
		{"endless end", append(packed(header(t, "x", 0)), zeros(t)...), "unpacks to more"},
		{"many members", packed(bytes.Repeat(header(t, "x", 0), maxMembers+1)), "more than 10000 members"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bomb.tar.gz")
			if err := os.WriteFile(path, c.data, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path, Options{Dataset: "cifar10"})
			wantFormatError(t, err, c.want)
		})
	}
}

// TestVerify checks what is said of archives by their size and hash.
func TestVerify(t *testing.T) {
	official := officialArchives[0]
	for _, c := range []struct {
		name, sha256   string
		size           int64
		verified, note string
		damaged        bool
	}{
		{"mine.tar.gz", official.sha256, official.size, official.name, "", false},
		{"mine.tar.gz", "other", official.size, "", "", true},
		{official.name, "other", 5, "", "not the official archive of this name", false},
		{"mine.tar.gz", "other", 5, "", "not an official archive", false},
	} {
		col := &collector{path: c.name, source: Source{SHA256: c.sha256}}
		err := col.verify(c.name, c.size)
		if c.damaged {
			wantFormatError(t, err, "not its sha256")
			continue
		}
		if notes := strings.Join(col.source.Notes, ""); err != nil || col.source.Verified != c.verified || !strings.HasPrefix(notes, c.note) {
			t.Errorf("%s of %d bytes: %v, %+v", c.name, c.size, err, col.source)
		}
	}
}

// TestVerifyFolder checks that unpacked files are told by their hashes.
func TestVerifyFolder(t *testing.T) {
	dir := t.TempDir()
	files := cifartest.Spec{Dataset: "cifar100", PerFile: 2}.Files()
	if err := cifartest.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	known := officialSums["cifar100"]
	defer func() { officialSums["cifar100"] = known }()
	fake := map[string]string{}
	officialSums["cifar100"] = fake
	for i, want := range []string{"", "", "unpacked CIFAR-100, binary version"} {
		if i > 0 {
			// One by its MD5, one by its SHA-1.
			h := []hash.Hash{md5.New(), sha1.New()}[i-1]
			h.Write(files[i-1].Data)
			fake[filepath.Base(files[i-1].Name)] = hex.EncodeToString(h.Sum(nil))
		}
		set, err := Read(dir, Options{Dataset: "cifar100", AllowPartial: true})
		if err != nil || set.Source.Verified != want {
			t.Errorf("with %d known files: %v, %+v", i, err, set.Source)
		}
	}
}

// Every official file has a published hash, but for class names.
func TestOfficialSums(t *testing.T) {
	for _, l := range layouts {
		for _, f := range l.files {
			for _, name := range []string{f.name, f.name + ".bin"} {
				if hasher(officialSums[l.name][name]) == nil {
					t.Errorf("%s: no hash of %s", l.name, name)
				}
			}
		}
	}
}

// TestProtocols reads batches as Python 3 pickles them again, by every
// protocol, with keys of text or bytes, by NumPy 1 and 2.
func TestProtocols(t *testing.T) {
	for _, path := range []string{"testdata/batches-numpy1.zip", "testdata/batches-numpy2.zip"} {
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		if len(z.File) != 12 {
			t.Errorf("%s: %d batches", path, len(z.File))
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			c := newCollector(path, Options{Dataset: "cifar10", AllowPartial: true}, layouts[0])
			if err := c.member("test_batch", int64(f.UncompressedSize64), r); err != nil {
				t.Errorf("%s: %v", f.Name, err)
				continue
			}
			part := c.parts[5]
			// Image i has the value (i + 7j) mod 251 at place j of its planes.
			if !slices.Equal(part.Labels, []int32{3, 9}) || part.Pixels[0] != 0 || part.Pixels[1] != 7*1024%251 || part.Pixels[Pixels+3] != 8 {
				t.Errorf("%s: labels %v, pixels %v…", f.Name, part.Labels, part.Pixels[:4])
			}
		}
	}
}

// TestOfficialCounts reads as many images as the official files have, without
// --allow-partial.
func TestOfficialCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	const size = 10_000 * 3073
	for i, name := range []string{"data_batch_2.bin", "test_batch.bin", "data_batch_1.bin", "data_batch_5.bin", "data_batch_4.bin", "data_batch_3.bin"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		record := bytes.Repeat([]byte{byte(i)}, 3073)
		for range 10_000 {
			w.Write(record)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	var done, total int64
	set, err := Read(path, Options{Dataset: "cifar10", Progress: func(d, n int64) { done, total = d, n }})
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Len() != 50_000 || set.Test.Len() != 10_000 {
		t.Fatalf("%d and %d images", set.Train.Len(), set.Test.Len())
	}
	for i, want := range []int32{2, 0, 5, 4, 3} { // batches in order, whatever the archive's
		if at := i * 10_000; set.Train.Labels[at] != want || set.Train.Pixels[at*Pixels] != byte(want) {
			t.Errorf("batch %d begins with label %d", i+1, set.Train.Labels[at])
		}
	}
	if info, _ := os.Stat(path); done != info.Size() || total != info.Size() {
		t.Errorf("progress ends at %d of %d", done, total)
	}
	if len(set.Source.Notes) != 1 {
		t.Errorf("notes %q", set.Source.Notes)
	}
}

// TestReal reads the real CIFAR-10 where there is one.
func TestReal(t *testing.T) {
	path := os.Getenv("SRN_CIFAR10")
	if path == "" {
		t.Skip("SRN_CIFAR10 names no CIFAR-10 archive or folder")
	}
	set, err := Read(path, Options{Dataset: "cifar10"})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, 10)
	for _, l := range set.Train.Labels {
		counts[l]++
	}
	if slices.Min(counts) != 5000 || slices.Max(counts) != 5000 {
		t.Errorf("images of each class: %v", counts)
	}
	t.Logf("%+v", set.Source)
}
