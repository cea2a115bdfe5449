package inspect

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"srn/pkg/artifact"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
)

// Text writes the file for reading, in aligned columns.
func (f *File) Text(w io.Writer) error {
	var b strings.Builder
	pairs := [][]string{{"file", f.Path}, {"holds", f.Kind}}
	if f.Bytes >= 0 {
		pairs = append(pairs, []string{"bytes", fmt.Sprint(f.Bytes)})
	}
	if f.SHA256 != "" {
		pairs = append(pairs, []string{"sha256", f.SHA256})
	}
	whole := "read to the end; all checks passed"
	if problem := f.Whole(); problem != "" {
		whole = problem
	}
	pairs = append(pairs, []string{"integrity", whole})
	align(&b, "", pairs)
	if f.Kind == "tensors" {
		f.tensorText(&b)
	}
	for i, s := range f.Streams {
		title := ""
		if len(f.Streams) > 1 {
			title = fmt.Sprintf("stream %d of %d\n", i+1, len(f.Streams))
		}
		b.WriteString("\n" + title)
		s.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *File) tensorText(b *strings.Builder) {
	if len(f.Metadata) > 0 {
		b.WriteString("\nmetadata\n")
		var rows [][]string
		for _, k := range slices.Sorted(maps.Keys(f.Metadata)) {
			rows = append(rows, []string{k, f.Metadata[k]})
		}
		align(b, "  ", rows)
	}
	rows := [][]string{{"tensor", "dtype", "shape", "min", "max", "rms", "NaN", "infinite"}}
	elements := 0
	for _, t := range f.Tensors {
		elements += artifact.Tensor{Shape: t.Shape}.Len()
		rows = append(rows, []string{t.Name, t.DType, shape(t.Shape), value(t.Min), value(t.Max), value(t.RMS), fmt.Sprint(t.NaN), fmt.Sprint(t.Infinite)})
	}
	fmt.Fprintf(b, "\n%s, %s\n", number.Count(len(f.Tensors), "tensor"), number.Count(elements, "element"))
	align(b, "  ", rows)
}

func (s Stream) text(b *strings.Builder) {
	rows := [][]string{{"tool", strings.TrimSpace(s.Tool + " " + s.Version)}, {"seed", fmt.Sprint(s.Seed)}, {"schema", fmt.Sprint(s.Schema)}, {"state", s.State}}
	for _, in := range s.Inputs {
		rows = append(rows, []string{"input " + in.Name, fmt.Sprintf("%.12s  %s", in.SHA256, in.Path)})
	}
	for _, one := range load.Settings(s.Config) {
		rows = append(rows, []string{"config " + one.Name, brief(one.Value)})
	}
	align(b, "", rows)
	for _, t := range s.Types {
		fmt.Fprintf(b, "\n%s of type %s\n", number.Count(t.Count, "record"), t.Name)
		rows := [][]string{{"field", "kind", "records", "null", "min", "max", "last"}}
		for _, f := range t.Fields {
			rows = append(rows, []string{f.Name, f.Kind, fmt.Sprint(f.Count), fmt.Sprint(f.Null), value(f.Min), value(f.Max), brief(f.Last)})
		}
		align(b, "  ", rows)
	}
}

// align writes rows in columns, the last one as it is.
func align(b *strings.Builder, indent string, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell
			if i+1 < len(row) {
				line += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func shape(dims []int) string {
	if len(dims) == 0 {
		return "scalar"
	}
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(dims)), "×"), "[]")
}

func value(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.6g", *v)
}

// brief is a value on a part of a line.
func brief(v any) string {
	if v == nil {
		return ""
	}
	text := fmt.Sprint(v)
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array:
		if len(text) > 60 {
			return "a list of " + fmt.Sprint(r.Len())
		}
	case reflect.Float64:
		text = fmt.Sprintf("%.6g", v)
	}
	if r := []rune(text); len(r) > 72 {
		return string(r[:71]) + "…"
	}
	return text
}
