package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

const actAsPeer = "BENCH_TEST_PEER"

func TestMain(m *testing.M) {
	if os.Getenv(actAsPeer) != "" {
		answer()
		return
	}
	os.Exit(m.Run())
}

// answer speaks the peer's protocol: nhwc takes half of the time of nchw.
func answer() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var q struct {
			Do, Job, Format string
			Calls           float64
		}
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		switch {
		case q.Do == "info":
			fmt.Println(`{"library": "fake 1"}`)
		case q.Job == "broken":
			fmt.Println(`{"error": "no such job"}`)
		case q.Job == "dead":
			os.Exit(3)
		case q.Format == "nhwc":
			fmt.Printf(`{"seconds": %g, "cpu_seconds": %g}`+"\n", 2*q.Calls, q.Calls)
		default:
			fmt.Printf(`{"seconds": %g, "cpu_seconds": %g}`+"\n", 4*q.Calls, q.Calls)
		}
	}
}

func TestPeer(t *testing.T) {
	t.Setenv(actAsPeer, "1")
	p, err := startPeer(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if p.library != "fake 1" {
		t.Errorf("library %q", p.library)
	}
	job, err := p.best(request{"job": "train"})
	if err != nil || job["format"] != "nhwc" {
		t.Errorf("best is %v, error %v", job, err)
	}
	if s, err := p.contender(job).run(3); err != nil || s != (span{6, 3}) {
		t.Errorf("span %v, error %v", s, err)
	}
	if _, err := p.time(request{"job": "broken"}, 1); err == nil || !strings.Contains(err.Error(), "broken: no such job") {
		t.Errorf("error %v", err)
	}
	if err := p.drop(); err != nil {
		t.Error(err)
	}
	if _, err := p.time(request{"job": "dead"}, 1); err == nil {
		t.Error("no error from a peer that has ended")
	}
	if err := p.close(); err == nil {
		t.Error("no error from a peer that failed")
	}
}
