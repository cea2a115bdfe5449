package watch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// header is that of a training of 10 epochs.
func header(seed int64) record.Header {
	return record.Header{Tool: "srn-fit", Version: "v1", Seed: seed, Config: &record.Fit{Network: record.Network{Arch: "resnet8", Classes: 10}, Training: training(seed)}}
}

func training(seed int64) record.Training {
	return record.Training{Data: record.Data{Dataset: "cifar10", DataSHA256: "aa", TrainSplit: "train", TrainImages: 10, TestImages: 10},
		Methods: []string{"ce"}, Method: "ce", Parameters: map[string]any{}, Epochs: 10, BatchSize: 1, LR: 0.1, Schedule: "cosine", Augment: "none", Init: "torch", Seed: seed, Precision: "f32", Kernels: "generic"}
}

func epoch(n int, seconds float64) *record.Epoch {
	return &record.Epoch{Epoch: n, TrainLoss: 1 / float64(n+1), EpochSeconds: seconds, Network: record.Network{Arch: "resnet8", Classes: 10}, Training: training(0)}
}

// text says an event in a few words.
func text(e Event) string {
	switch e.Kind {
	case Waiting:
		return "waiting"
	case Vanished:
		return "vanished"
	case Unreadable:
		return "unreadable"
	case Cut:
		return fmt.Sprintf("cut %d/%d", e.Kept, e.Had)
	}
	s := e.Record.Type()
	if rec, ok := e.Record.(*record.Epoch); ok {
		s = fmt.Sprintf("epoch %d/%d %v", rec.Epoch, e.Progress.Of, e.Progress.Left)
	}
	if e.Kind == Found {
		s = strings.TrimSpace("found " + s + " " + e.Status)
	}
	return s
}

// steps watches one path: each step changes the file, and what the poll after it
// tells must be as wanted. It returns how the watch ended.
func steps(t *testing.T, paths []string, list []step) (*Watcher, error) {
	t.Helper()
	w, err := New(paths)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ticks := make(chan time.Time, 1)
	at := 0
	list[0].change()
	var got []string
	err = w.Follow(ctx, ticks, func(e Event) error {
		got = append(got, text(e))
		return nil
	}, func(news bool) error {
		if !slices.Equal(got, list[at].want) {
			t.Errorf("step %d: told %q, want %q", at, got, list[at].want)
		}
		if only := len(got) > 0 && !slices.Equal(got, []string{"waiting"}); news != only {
			t.Errorf("step %d: news %v after %q", at, news, got)
		}
		got = nil
		if at++; at == len(list) {
			cancel()
			return nil
		}
		list[at].change()
		ticks <- time.Time{}
		return nil
	})
	if at < len(list) {
		t.Errorf("the watch ended after %d of %d steps: %v", at, len(list), err)
	}
	return w, err
}

type step struct {
	change func()
	want   []string
}

func nothing() {}

func TestGrowing(t *testing.T) {
	for _, name := range []string{"fit.jsonl", "fit.jsonl.zst"} {
		for _, suffix := range []string{"", ".partial"} {
			path := filepath.Join(t.TempDir(), name)
			var w *artifact.RecordWriter
			check := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			add := func(list ...record.Record) func() {
				return func() {
					for _, r := range list {
						check(w.Write(r))
					}
					check(w.Flush())
				}
			}
			watcher, err := steps(t, []string{path + suffix, path}, []step{
				{nothing, []string{"waiting"}},
				{nothing, nil},
				{func() {
					var err error
					w, err = artifact.CreateRecords(path, header(0))
					check(err)
				}, []string{"header"}},
				{nothing, nil},
				{add(epoch(1, 4)), []string{"epoch 1/10 36s"}},
				{add(epoch(2, 2), epoch(3, 100)), []string{"epoch 2/10 24s", "epoch 3/10 28s"}},
				{nothing, nil},
				{add(epoch(4, math.NaN())), []string{"epoch 4/10 24s"}},
				{func() { check(w.End(record.OK)) }, []string{"end"}},
			})
			if err != nil {
				t.Errorf("%s: %v", path+suffix, err)
			}
			if got := watcher.Present(); !slices.Equal(got, []string{path}) {
				t.Errorf("present %q", got)
			}
			if got := watcher.Outcomes(); len(got) != 1 || got[0] != (Outcome{path, record.OK, nil}) {
				t.Errorf("outcomes %v", got)
			}
		}
	}
}

// What is there when the watch begins is not told again, whichever way it goes on.
func TestResumed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fit.jsonl.zst")
	write := func(seed int64, status string, epochs ...int) {
		t.Helper()
		w, err := artifact.CreateRecords(path, header(seed))
		for _, n := range epochs {
			err = errors.Join(err, w.Write(epoch(n, float64(seed+1))), w.Flush())
		}
		if status != "" {
			err = errors.Join(err, w.End(status))
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// Another run is never seen to end, so that the watch goes on.
	other := path + "2"
	_, err := steps(t, []string{path, other}, []step{
		{func() { write(0, record.Interrupted, 1, 2, 3) }, []string{"found epoch 3/10 7s interrupted", "waiting"}},
		{func() { // resumed after epoch 2, so that the end and epoch 3 go
			w, err := artifact.ResumeRecords(path, 2, nil)
			must(err)
			must(w.Write(epoch(3, 5)))
			must(w.Close())
		}, []string{"cut 3/5", "epoch 3/10 7s"}},
		{func() { write(1, "") }, []string{"cut 0/4", "header"}},
		{func() { write(1, "", 1) }, []string{"epoch 1/10 18s"}},
		{func() { must(os.Remove(path + ".partial")) }, []string{"vanished"}},
		{nothing, nil},
		{func() { write(1, "", 1, 2) }, []string{"epoch 2/10 16s"}},
		{func() { // torn within epoch 2
			b, err := os.ReadFile(path + ".partial")
			must(err)
			must(os.WriteFile(path+".partial", b[:len(b)-3], 0o666))
		}, []string{"cut 2/3"}},
		{func() { must(os.WriteFile(path+".partial", []byte("{}\n"), 0o666)) }, nil},
		{nothing, []string{"unreadable"}},
		{nothing, nil},
		{func() { write(1, record.Diverged, 1) }, []string{"end"}},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestEnded(t *testing.T) {
	folder := t.TempDir()
	var paths []string
	for _, status := range []string{record.OK, record.Diverged, record.Interrupted, record.Failed} {
		path := filepath.Join(folder, status+".jsonl")
		w, err := artifact.CreateRecords(path, header(0))
		if err == nil {
			err = w.End(status)
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	w, err := steps(t, paths, []step{{nothing, []string{"found header ok", "found header diverged", "found header interrupted", "found header failed"}}})
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, o := range w.Outcomes() {
		got = append(got, o.Status)
	}
	if want := []string{"ok", "diverged", "interrupted", "failed"}; !slices.Equal(got, want) {
		t.Errorf("ended as %q, want %q", got, want)
	}
	if want := []string{paths[0], paths[1], paths[2] + ".partial", paths[3] + ".partial"}; !slices.Equal(w.Present(), want) {
		t.Errorf("present %q, want %q", w.Present(), want)
	}
}

// A run whose end record is written ends when its file has its final name.
func TestRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fit.jsonl")
	w, err := artifact.CreateRecords(path, header(0))
	if err == nil {
		err = w.End(record.OK)
	}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := steps(t, []string{path}, []step{
		{func() { rename(path, path+".partial") }, []string{"found header ok"}},
		{nothing, nil},
		{func() { rename(path+".partial", path) }, nil},
	})
	if err != nil || !slices.Equal(watcher.Present(), []string{path}) {
		t.Errorf("error %v, present %q", err, watcher.Present())
	}
}

// A finished file that cannot be read ends the watch of it, with its reason; a growing
// one is waited for.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fit.jsonl")
	if err := os.WriteFile(path, []byte("no record\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	w, err := steps(t, []string{path}, []step{{nothing, nil}, {nothing, []string{"unreadable"}}})
	if err != nil {
		t.Error(err)
	}
	var format *artifact.FormatError
	if o := w.Outcomes(); len(o) != 1 || !errors.As(o[0].Err, &format) || len(w.Present()) != 0 {
		t.Errorf("outcomes %v, present %q", o, w.Present())
	}
	if err := os.Rename(path, path+".partial"); err != nil {
		t.Fatal(err)
	}
	if _, err := steps(t, []string{path}, []step{{nothing, nil}, {nothing, []string{"unreadable"}}, {nothing, nil}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestRefused(t *testing.T) {
	for _, path := range []string{"-", "", t.TempDir(), "/dev/null"} {
		if _, err := New([]string{path}); err == nil {
			t.Errorf("%q is watched", path)
		}
	}
}
