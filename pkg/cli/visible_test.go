package cli

import (
	"bytes"
	"errors"
	"testing"
)

func TestVisible(t *testing.T) {
	var b bytes.Buffer
	if n, err := Visible(&b).Write([]byte("a\x1b[31mé\t\u009b2J\r\x7f\n")); n != 16 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if want := `a\x1b[31mé` + "\t" + `\x9b2J\x0d\x7f` + "\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	o := &output{w: &b, name: "srn-test"}
	o.errorLines(WithHint(errors.New("no \x1b]0;title\a"), "\x1b"))
	o.line("", "%s", "\x1b")
	if want := "srn-test: no \\x1b]0;title\\x07\nhint: \\x1b\nsrn-test: \\x1b\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
