package chart

import (
	_ "embed"
	"strings"
)

// Colours are the style sheet's variables, in light, dark and print; Style is
// what the charts' classes look like in them. The eight series colours keep
// apart for readers who do not see red, green or blue as others do, and each
// has a dash pattern and a marker of its own.
var (
	//go:embed colours.css
	Colours string
	//go:embed chart.css
	Style string
)

// Standalone is a chart as a file of its own, with its legend and style.
func Standalone(c Chart, id, title string) string {
	head, body, _ := strings.Cut(c.SVG(id, title, true), ">")
	return head + ` xmlns="http://www.w3.org/2000/svg"><style>` + Colours + Style + `.chart{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;background:var(--paper)}</style>` + body + "\n"
}
