package pipelines_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFetch(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	content := bytes.Repeat([]byte("archive "), 1000)
	var ranges []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(content))
	}))
	defer server.Close()
	out := t.TempDir()
	file := filepath.Join(out, "archives/cifar-10-binary.tar.gz")
	fetch := func(settings ...string) *exec.Cmd { return makes(t, out, append(settings, file)...) }

	// Another file than the official one gets no name.
	got, err := fetch("CIFAR_URL=" + server.URL).CombinedOutput()
	if err == nil || !strings.Contains(string(got), "not the official archive") || exists(file) {
		t.Fatalf("%v\n%s", err, got)
	}

	// A download that broke off goes on.
	if err := os.WriteFile(file+".part", content[:5000], 0o666); err != nil {
		t.Fatal(err)
	}
	run(t, fetch("CIFAR_URL="+server.URL, fmt.Sprintf("sha256.cifar-10-binary.tar.gz=%x", sha256.Sum256(content))))
	if whole, err := os.ReadFile(file); err != nil || !bytes.Equal(whole, content) {
		t.Errorf("%v, %d bytes", err, len(whole))
	}
	if last := ranges[len(ranges)-1]; last != "bytes=5000-" {
		t.Errorf("asked for range %q", last)
	}

	server.Close()
	got, err = makes(t, t.TempDir(), "fetch", "CIFAR_URL="+server.URL).CombinedOutput()
	if err == nil || !strings.Contains(string(got), "if there is no network") {
		t.Errorf("%v\n%s", err, got)
	}
}
