package test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// follower is an srn-report --watch that has said that it waits.
type follower struct {
	out, err bytes.Buffer
	done     chan int // the exit code
}

func follow(t *testing.T, dir, line string) *follower {
	t.Helper()
	f := &follower{done: make(chan int, 1)}
	cmd := command(dir, words(line)...)
	cmd.Stdout = &f.out
	messages, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() { cmd.Process.Kill() })
	r := bufio.NewReader(io.TeeReader(messages, &f.err))
	if first, _ := r.ReadString('\n'); !strings.Contains(first, "waiting") {
		t.Fatalf("%s: %q", line, first)
	}
	go func() {
		io.Copy(io.Discard, r)
		cmd.Wait()
		guard.Stop()
		f.done <- cmd.ProcessState.ExitCode()
	}()
	return f
}

// A training is watched from before its start to its end: as JSON it is the file
// itself, as text a line an epoch, and the last report is that without --watch.
func TestWatch(t *testing.T) {
	needInputs(t)
	dir := t.TempDir()
	asText := follow(t, dir, "srn-report --watch --every 100ms fit.jsonl.zst -o live.html")
	asJSON := follow(t, dir, "srn-report --watch --every 100ms --json fit.jsonl.zst.partial")
	mustRun(t, dir, "srn-fit --data IN/data.safetensors.zst --arch resnet8 --epochs 4 --eval-every 2 --batch-size 50 -o net.safetensors --metrics fit.jsonl.zst")
	for _, f := range []*follower{asText, asJSON} {
		if code := <-f.done; code != 0 {
			t.Fatalf("exit code %d\n%s", code, f.err.String())
		}
	}

	want := regexp.MustCompile(`^fit.jsonl.zst: srn-fit began, 4 epochs
(fit.jsonl.zst: epoch [1-3]/4  loss \d\S+  train \d\S+%(  test \d\S+%)?  \S+s left, until \S+( \S+)?
){3}fit.jsonl.zst: epoch 4/4  loss \d\S+  train \d\S+%  test \d\S+%
fit.jsonl.zst: wrote the checkpoint
fit.jsonl.zst: ended: ok
$`)
	if got := asText.out.String(); !want.MatchString(got) {
		t.Errorf("text is %s", got)
	}
	packed, err := os.ReadFile(filepath.Join(dir, "fit.jsonl.zst"))
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	if lines, err := dec.DecodeAll(packed, nil); err != nil || !bytes.Equal(lines, asJSON.out.Bytes()) {
		t.Errorf("JSON lines are not those of the file: %v\n%s", err, asJSON.out.String())
	}
	mustRun(t, dir, "srn-report fit.jsonl.zst -o plain.html")
	live, err := os.ReadFile(filepath.Join(dir, "live.html"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := os.ReadFile(filepath.Join(dir, "plain.html")); err != nil || !bytes.Equal(live, plain) {
		t.Errorf("the last page is not that without --watch (%v)", err)
	}
}
