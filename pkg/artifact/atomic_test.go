package artifact

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// onlyFile checks that a folder holds one file.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v, want %s alone", list, filepath.Base(path))
	}
}

func TestWriteFileAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for _, want := range []string{"first", "second"} {
		if err := WriteFileAtomic(path, text(want)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if info, _ := os.Stat(path); info.Mode() != 0o640 {
		t.Errorf("mode %v, want that of the umask", info.Mode())
	}
	onlyFile(t, path)
}

// A new file has the permissions that the umask leaves, one in the place of
// another those of the other.
func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for _, want := range []os.FileMode{0o640, 0o600, 0o664} {
		if want != 0o640 {
			if err := os.Chmod(path, want); err != nil {
				t.Fatal(err)
			}
		}
		if err := Write(path, example()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%v, %v, want %v", info.Mode(), err, want)
		}
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	path := writeTemp(t, "out", []byte("old"))
	fails := errors.New("no")
	err := WriteFileAtomic(path, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20)) // beyond any buffer
		return fails
	})
	if !errors.Is(err, fails) {
		t.Errorf("got %v, want %v", err, fails)
	}
	func() {
		defer func() { recover() }()
		WriteFileAtomic(path, func(w io.Writer) error { panic("no") })
	}()
	bad := &File{Tensors: []Tensor{{"a", F32, []int{1}, nil}}}
	if err := Write(path, bad); err == nil {
		t.Error("a bad tensor was written")
	}
	if got := read(t, path); got != "old" {
		t.Errorf("the old file became %q", got)
	}
	onlyFile(t, path)
}

func TestWriteFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("target", link); err != nil {
		t.Skip(err)
	}
	for _, want := range []string{"through a dangling link", "through a link"} {
		if err := WriteFileAtomic(link, text(want)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, target); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if info, _ := os.Lstat(link); info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	loop := filepath.Join(dir, "loop")
	os.Symlink("loop", loop)
	if err := WriteFileAtomic(loop, text("")); err == nil {
		t.Error("a loop of links was followed")
	}
}

// Devices and pipes must not be replaced by files.
func TestWriteToPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	got := make(chan string)
	go func() {
		b, _ := os.ReadFile(path)
		got <- string(b)
	}()
	if err := WriteFileAtomic(path, text("through")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "through" {
		t.Errorf("got %q", s)
	}
	if info, _ := os.Lstat(path); info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe became %v", info.Mode())
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                           "is a folder; name a file in it",
		filepath.Join(dir, "no", "x"): "does not exist; make it first",
		"":                            "the output's name is empty",
		filepath.Join(writeTemp(t, "f", nil), "x"): "not a directory",
	} {
		if err := WriteFileAtomic(path, text("")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", path, err, want)
		}
	}
}

func TestStandardOutput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *os.File) { os.Stdout = old }(os.Stdout)
	os.Stdout = w
	go func() {
		if err := Write("-", example()); err != nil {
			t.Error(err)
		}
		w.Close()
	}()
	f, err := Decode(r, "pipe", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != len(example().Tensors) {
		t.Errorf("%d tensors came through", len(f.Tensors))
	}
}

func TestBinaryIsRefusedToTerminals(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer tty.Close()
	defer func(old *os.File) { os.Stdout = old }(os.Stdout)
	os.Stdout = tty
	if err := Write("-", example()); err == nil || !strings.Contains(err.Error(), "is a terminal") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, d := range []string{"d", "e"} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile("a", nil, 0o666)
	os.WriteFile("b", nil, 0o666)
	os.Symlink("a", "to_a")
	os.Symlink("new", "to_new")
	os.Symlink("d", "to_d")
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"a", "a", true},
		{"a", "./d/../a", true},
		{"a", filepath.Join(dir, "a"), true},
		{"a", "to_a", true},
		{"a", "b", false},
		{"a", "new", false},
		{"new", "new", true},
		{"new", "./new", true},
		{"to_new", "new", true},
		{"d/new", "to_d/new", true},
		{"d/new", "e/new", false},
		{"-", "-", false},
		{"/dev/null", "/dev/null", false},
	} {
		if got := SameFile(test.a, test.b); got != test.want {
			t.Errorf("SameFile(%q, %q) = %t", test.a, test.b, got)
		}
		if got := SameFile(test.b, test.a); got != test.want {
			t.Errorf("SameFile(%q, %q) = %t", test.b, test.a, got)
		}
	}
}
