package report

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/report/render"
)

// TestPageInBrowser opens the page in Chromium: it loads without an error or a
// request beyond itself, its controls work, nothing is wider than a phone, it
// has a dark side, and it prints. SRN_REPORT_SHOTS=FOLDER keeps pictures of it.
func TestPageInBrowser(t *testing.T) {
	b := openBrowser(t)
	path := filepath.Join(t.TempDir(), "report.html")
	if from := os.Getenv("SRN_REPORT_FROM"); from != "" { // another page to look at
		path, _ = filepath.Abs(from)
	} else {
		var page bytes.Buffer
		if err := render.HTML(build(t), &page); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, page.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, domain := range []string{"Runtime", "Log", "Network", "Page"} {
		b.call(domain+".enable", nil)
	}
	b.screen(1280, 900)
	b.call("Page.navigate", map[string]any{"url": "file://" + path})
	b.wait("Page.loadEventFired")

	yes := func(what, expression string) {
		t.Helper()
		if got := b.evaluate(expression); got != true {
			t.Errorf("%s: %v", what, got)
		}
	}
	yes("hiding a series", `(() => { const f = [...document.querySelectorAll('figure')].find(f => f.querySelector('.t1'));
		const shown = () => getComputedStyle(f.querySelector('.g1')).display != 'none';
		const before = shown(); f.querySelector('.t1').click(); const after = shown(); f.querySelector('.t1').click(); return before && !after && shown() })()`)
	yes("opening a table", `(() => { const d = document.querySelector('figure details'); d.querySelector('summary').click(); const open = d.open; d.open = false; return open })()`)
	yes("sections that the contents lead to", `[...document.querySelectorAll('nav a')].every(a => document.getElementById(a.hash.slice(1)))`)
	yes("names of figures", `[...document.querySelectorAll('svg[role=img]')].every(s => s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent))`)
	light := b.evaluate(`getComputedStyle(document.body).backgroundColor`)
	b.picture("desktop-light")
	b.media("screen", "dark")
	if dark := b.evaluate(`getComputedStyle(document.body).backgroundColor`); dark == light {
		t.Errorf("the dark page is as light as the other: %v", dark)
	}
	b.picture("desktop-dark")
	b.screen(390, 844)
	yes("nothing wider than a phone", `document.documentElement.scrollWidth <= 390`)
	b.picture("phone-dark")
	b.media("screen", "light")
	b.picture("phone-light")
	b.media("", "light")
	pdf, _ := b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true})["data"].(string)
	if content, err := base64.StdEncoding.DecodeString(pdf); err != nil || !bytes.HasPrefix(content, []byte("%PDF")) {
		t.Errorf("no PDF: %v", err)
	} else {
		b.keep("print.pdf", content)
	}
	for _, e := range b.events {
		switch {
		case e.Method == "Runtime.exceptionThrown", e.Method == "Log.entryAdded" && strings.Contains(string(e.Params), `"level":"error"`),
			e.Method == "Runtime.consoleAPICalled" && strings.Contains(string(e.Params), `"type":"error"`):
			t.Errorf("%s %s", e.Method, e.Params)
		case e.Method == "Network.requestWillBeSent" && !strings.Contains(string(e.Params), `"url":"file://`):
			t.Errorf("a request: %s", e.Params)
		}
	}
}

// browser is a Chromium, spoken to by its debugging protocol over a pipe.
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	id      int
	events  []message
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result map[string]any  `json:"result"`
	Error  any             `json:"error"`
}

// openBrowser starts Chromium with a page, or skips the test without one.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		t.Skip("no chromium to open the page in")
	}
	read, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	c.ExtraFiles = []*os.File{read, write}
	if err := c.Start(); err != nil {
		t.Skipf("chromium does not start: %v", err)
	}
	read.Close()
	write.Close()
	b := &browser{t: t, to: to, from: bufio.NewReaderSize(from, 1<<20)}
	t.Cleanup(func() {
		to.Write([]byte(`{"id":1000000,"method":"Browser.close"}` + "\x00"))
		to.Close()
		from.Close()
		if err := c.Wait(); err != nil {
			c.Process.Kill()
		}
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	return b
}

// call sends a command and returns its result.
func (b *browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.id++
	command := map[string]any{"id": b.id, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		if m := b.next(); m.ID == b.id {
			if m.Error != nil {
				b.t.Fatalf("%s: %v", method, m.Error)
			}
			return m.Result
		}
	}
}

// next reads a message, and keeps it if it is an event.
func (b *browser) next() message {
	b.t.Helper()
	text, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	var m message
	if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	if m.Method != "" {
		b.events = append(b.events, m)
	}
	return m
}

// wait returns once an event has come.
func (b *browser) wait(method string) {
	b.t.Helper()
	for _, e := range b.events {
		if e.Method == method {
			return
		}
	}
	for b.next().Method != method {
	}
}

func (b *browser) evaluate(expression string) any {
	b.t.Helper()
	result := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true})
	value, _ := result["result"].(map[string]any)
	if details := result["exceptionDetails"]; details != nil {
		return fmt.Sprint(details)
	}
	return value["value"]
}

func (b *browser) screen(width, height int) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
}

func (b *browser) media(kind, scheme string) {
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": kind, "features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}})
}

// picture keeps one of the whole page, where asked for.
func (b *browser) picture(name string) {
	if os.Getenv("SRN_REPORT_SHOTS") == "" {
		return
	}
	data, _ := b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})["data"].(string)
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		b.t.Fatal(err)
	}
	b.keep(name+".png", content)
}

func (b *browser) keep(name string, content []byte) {
	if folder := os.Getenv("SRN_REPORT_SHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o666); err != nil {
			b.t.Fatal(err)
		}
	}
}
