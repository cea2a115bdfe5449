//go:build linux

package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary doubles as a command, for what needs a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("SRN_CLI_TEST") != "" {
		Main("srn-test", "", &child{})
	}
	os.Exit(m.Run())
}

type child struct {
	Common
	Do string `arg:""`
}

func (c *child) Run(ctx *Context) error {
	switch c.Do {
	case "graceful":
		stop := ctx.Interruptible()
		fmt.Println("ready")
		<-stop.Done()
		return Errorf(ExitInterrupted, "interrupted, saved")
	case "stubborn":
		ctx.Interruptible()
		fmt.Println("ready")
		select {}
	case "plain":
		fmt.Println("ready")
		select {}
	case "bar":
		b := ctx.Progress(100, "rounds")
		b.Set(40)
		ctx.Logf("a note")
		b.Set(60)
		return Errorf(ExitInput, "bad file")
	case "binary":
		return ctx.CheckBinaryOutput("-")
	case "pipe":
		for {
			if _, err := fmt.Println("line"); err != nil {
				return err
			}
		}
	}
	return nil
}

func childCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "SRN_CLI_TEST=1", "TERM=xterm")
	return cmd
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		do      string
		signals []os.Signal
		stderr  string
	}{
		{"graceful", []os.Signal{syscall.SIGINT}, "srn-test: interrupted, saved\n"},
		{"graceful", []os.Signal{syscall.SIGTERM}, "srn-test: interrupted, saved\n"},
		{"graceful", []os.Signal{syscall.SIGHUP}, "srn-test: interrupted, saved\n"},
		{"stubborn", []os.Signal{syscall.SIGINT, syscall.SIGTERM}, "once more stops at once\n"},
		{"plain", []os.Signal{syscall.SIGINT}, ""},
	} {
		t.Run(fmt.Sprint(c.do, c.signals), func(t *testing.T) {
			if slices.ContainsFunc(c.signals, signal.Ignored) {
				t.Skip("ignored here, as by nohup, and so by what is started from here")
			}
			t.Parallel()
			cmd := childCommand(c.do)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			guard := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
			defer guard.Stop()
			bufio.NewReader(stdout).ReadString('\n')
			messages := bufio.NewReader(stderr)
			var said strings.Builder
			for _, s := range c.signals {
				cmd.Process.Signal(s)
				if c.do != "plain" && said.Len() == 0 {
					line, _ := messages.ReadString('\n')
					said.WriteString(line)
				}
			}
			rest, _ := io.ReadAll(messages)
			said.Write(rest)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != ExitInterrupted || !strings.HasSuffix(said.String(), c.stderr) {
				t.Errorf("code %d, stderr %q", code, said.String())
			}
		})
	}
}

func TestBrokenPipeIsQuiet(t *testing.T) {
	cmd := childCommand("pipe")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = w, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	bufio.NewReader(r).ReadString('\n')
	r.Close()
	if err := cmd.Wait(); err == nil || stderr.Len() != 0 {
		t.Errorf("%v, stderr %q", err, stderr.String())
	}
}

// runOnTerminal runs the child with stdout and stderr on a pseudo-terminal and
// returns what it showed.
func runOnTerminal(t *testing.T, args ...string) (code int, screen string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	defer master.Close()
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	cmd := childCommand(args...)
	cmd.Stdout, cmd.Stderr = terminal, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	shown, _ := io.ReadAll(master) // ends with EIO when the last writer is gone
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), string(shown)
}

func TestProgressNeverHidesMessages(t *testing.T) {
	code, screen := runOnTerminal(t, "bar")
	if code != ExitInput || !strings.Contains(screen, "rounds") {
		t.Fatalf("%d %q", code, screen)
	}
	// Both lines start on a cleared line, and nothing follows the error.
	const clear = "\x1b[2K\r"
	for _, want := range []string{clear + "srn-test: a note\r\n", clear + "srn-test: bad file\r\n"} {
		if !strings.Contains(screen, want) {
			t.Errorf("%q not in %q", want, screen)
		}
	}
	if !strings.HasSuffix(screen, "srn-test: bad file\r\n") {
		t.Errorf("something follows the error: %q", screen)
	}
	if _, screen := runOnTerminal(t, "bar", "--quiet"); screen != "srn-test: bad file\r\n" {
		t.Errorf("quiet: %q", screen)
	}
}

func TestBinaryToATerminalIsRefused(t *testing.T) {
	code, screen := runOnTerminal(t, "binary")
	if code != ExitUsage || !strings.Contains(screen, "refusing to write binary data to a terminal\r\nhint: ") {
		t.Errorf("%d %q", code, screen)
	}
}
