package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/sections"
)

// hostile are numbers that a record may hold and arithmetic on which goes wrong.
var hostile = []float64{0, math.Copysign(0, -1), 1, 1e308, -1e308, 1e-320, -1e-320, 1<<53 - 1, 1<<53 + 1, 1e12, math.NaN()}

// every says that each field is to be tried with every value, in one record and
// in all, which takes minutes; else each is tried with one in turn, and all
// fields of a type at once with every value.
var every = os.Getenv("SRN_EVERY_VALUE") != ""

// small is a set of records with each type that a report reads, in which every
// field can be changed: two runs and what was measured on them.
func small() [][]record.Record {
	var files [][]record.Record
	for i, method := range []string{"ce", "srn"} {
		f := fitting("resnet8", method, 0, 2)
		name := "c-" + method
		epoch := func(n int) *record.Epoch {
			e := &record.Epoch{Network: f.Network, Training: f.Training, Epoch: n, TrainLoss: 1, TrainTop1: 0.5, EpochLR: 0.06, GradNorm: 1, ThetaNorm: 20, TestTop1: ptr(0.5), TestTop5: ptr(0.9), TestLoss: ptr(1.0), TestECE: ptr(0.1), EpochSeconds: 1, ImagesPerSecond: 10}
			if method == "srn" {
				e.GuidanceRatio, e.R, e.SurrogateSeconds = ptr(0.1), ptr(0.7), ptr(0.1)
			}
			return e
		}
		fitted := []record.Record{&record.Header{Tool: "srn-fit", Version: "v1", Schema: record.Schema, Config: &f, Inputs: []record.Input{}}, epoch(1), epoch(2), &record.Final{Network: f.Network, Training: f.Training, Epoch: 2, CheckpointSHA256: name + "@2"}, &record.End{Status: record.OK}}
		measured := []record.Record{&record.Header{Tool: "srn-hessian", Version: "v1", Schema: record.Schema, Config: map[string]any{}, Inputs: []record.Input{}}}
		for n := 1; n <= 2; n++ {
			sharp := record.Eigenpair{LambdaMax: float64(10*n + i), Converged: true}
			measured = append(measured,
				&record.Eval{Subject: subject(f, name, n, 10000), Top1: 0.5, Top5: 0.9, Loss: 1, ECE: 0.1},
				&record.Top{Subject: subject(f, name, n, 1000), Matrix: record.Matrix{LossAt: onThousand(), Operator: "hessian", Per: "all"}, Eigenpair: sharp},
				&record.Density{Subject: subject(f, name, n, 1000), Matrix: record.Matrix{LossAt: onThousand(), Operator: "hessian", Per: "all"}, Nodes: [][]float64{{-1, 0, 10}}, Weights: [][]float64{{0.1, 0.8, 0.1}}, Bandwidth: ptr(0.5), Trace: 9},
				&record.Guidance{Subject: subject(f, name, n, 1000), LossAt: onThousand(), R: 0.5, Eigenpair: sharp},
				&record.GuidanceSeries{Network: f.Network, Training: &f.Training, Examined: subject(f, name, n, 1000).Examined, LossConfig: onThousand().LossConfig, Checkpoints: 2},
				&record.Stability{Subject: subject(f, name, n, 1000), LossAt: onThousand(), Eigenpair: sharp, LROverBound: ptr(0.5), LROverBoundMomentum: ptr(0.3), LambdaMaxScaled: 90},
				&record.Landscape{Subject: subject(f, name, n, 1000), LossAt: onThousand(), Along: "random", Dimensions: 2, XMin: -1, XMax: 1, XSteps: 2, YMin: ptr(-1.0), YMax: ptr(1.0), YSteps: ptr(2)})
			for c := range 4 {
				measured = append(measured, &record.Cell{Subject: subject(f, name, n, 1000), I: c % 2, J: ptr(c / 2), X: 1, Y: ptr(1.0), Loss: float64(c), Top1: 0.5})
			}
			measured = append(measured, &record.Landscape{Subject: subject(f, name, n, 1000), LossAt: onThousand(), Along: "random", Dimensions: 1, XMin: -1, XMax: 1, XSteps: 2})
			for c := range 2 {
				measured = append(measured, &record.Cell{Subject: subject(f, name, n, 1000), I: c, X: 1, Loss: float64(c), Top1: 0.5})
			}
		}
		files = append(files, fitted, append(measured, &record.End{Status: record.OK}))
	}
	m := metaConfig(0)
	round := func(n int) *record.Round {
		return &record.Round{Round: n, R: ptr(0.5), SMeta: ptr(0.2), ValLoss: 1, Margin: 2}
	}
	return append(files, []record.Record{&record.Header{Tool: "srn-meta", Version: "v1", Schema: record.Schema, Config: &m, Inputs: []record.Input{}}, round(1), round(2), &record.Surrogate{Round: 2, SurrogateSHA256: surrogateSum}, &record.End{Status: record.OK}})
}

// changes calls use with the records, of which every number of the type's field
// has been set to each hostile value that its range holds, in the last record
// of that type alone or in all. What is not to be encoded is left out.
func changes(t *testing.T, n int, kind record.Kind, field record.Field, of func(rec record.Record) any, use func(t *testing.T, what string, files [][]record.Record)) {
	for i, v := range hostile {
		for _, all := range []bool{false, true} {
			if !every && (all != (n%2 == 0) || i != n%len(hostile)) {
				continue
			}
			files := small()
			var targets []any
			for _, list := range files {
				for _, r := range list {
					if to := of(r); to != nil {
						targets = append(targets, to)
					}
				}
			}
			if !all && len(targets) > 0 {
				targets = targets[len(targets)-1:]
			}
			changed := false
			for _, to := range targets {
				at, ok := field.Value(to)
				changed = ok && set(at, v) || changed
			}
			if changed {
				use(t, fmt.Sprintf("%s.%s = %g, all %v", kind.Name, field.Key, v, all), files)
			}
		}
	}
}

// set puts a number into a field, wherever in it there is one.
func set(at reflect.Value, v float64) bool {
	switch at.Kind() {
	case reflect.Pointer:
		if k := at.Type().Elem().Kind(); k != reflect.Float64 && k != reflect.Int {
			return false
		}
		at.Set(reflect.New(at.Type().Elem()))
		return set(at.Elem(), v)
	case reflect.Float64, reflect.Float32:
		at.SetFloat(v)
		return true
	case reflect.Int, reflect.Int64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<62 {
			return false
		}
		at.SetInt(int64(v))
		return true
	case reflect.Slice, reflect.Array:
		found := false
		for i := range at.Len() {
			found = set(at.Index(i), v) || found
		}
		return found
	}
	return false
}

// Whatever number the schema lets a field hold, every format is written, well
// formed, or refused. The fields are those of the structs, so that none is
// forgotten.
func TestEveryNumberOfEveryField(t *testing.T) {
	seen := map[string]bool{}
	var tried, refused atomic.Int64
	use := func(t *testing.T, what string, files [][]record.Record) {
		folder := t.TempDir()
		var paths []string
		for i, list := range files {
			var b bytes.Buffer
			for _, r := range list {
				line, err := record.Encode(r)
				if err != nil {
					refused.Add(1)
					return // the schema does not hold it
				}
				b.Write(append(line, '\n'))
			}
			path := filepath.Join(folder, fmt.Sprintf("%d.jsonl", i))
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
		tried.Add(1)
		everyFormat(t, what, paths, strings.HasSuffix(what, "true"))
	}
	t.Run("fields", func(t *testing.T) {
		for _, k := range record.Kinds() {
			configs := []any{nil}
			if k.Name == (record.Header{}).Type() {
				configs = []any{nil, &record.Fit{}, &record.Meta{}}
			}
			if k.Name == (record.Split{}).Type() || k.Name == (record.Output{}).Type() {
				continue // on standard output, not in files
			}
			for _, c := range configs {
				fields := k.Fields()
				if c != nil {
					fields = record.FieldsOf(c)
				}
				fields = slices.DeleteFunc(fields, func(f record.Field) bool {
					id := f.Struct + "." + f.Name
					there := seen[id] // a block's field, which another type shows
					seen[id] = true
					return there
				})
				t.Run(fmt.Sprintf("%s %T", k.Name, c), func(t *testing.T) {
					t.Parallel()
					of := func(rec record.Record) any {
						h, header := rec.(*record.Header)
						switch {
						case c != nil && header && reflect.TypeOf(h.Config) == reflect.TypeOf(c):
							return h.Config
						case c == nil && rec.Type() == k.Name:
							return rec
						}
						return nil
					}
					for n, f := range fields {
						changes(t, n, k, f, of, use)
					}
					for _, v := range hostile {
						files := small()
						for _, list := range files {
							for _, r := range list {
								if to := of(r); to != nil {
									for _, f := range fields {
										if at, ok := f.Value(to); ok && f.Range.Holds(v) && f.Unit != "epochs" {
											set(at, v) // epochs too would leave nothing to be compared
										}
									}
								}
							}
						}
						use(t, fmt.Sprintf("%s.* = %g, all true", k.Name, v), files)
					}
				})
			}
		}
	})
	t.Logf("%d reports, %d values refused by the schema", tried.Load(), refused.Load())
	if tried.Load() < 200 {
		t.Errorf("%d reports: fields are missing", tried.Load())
	}
}

// Ranges with equal ends, ends swapped, or one unit in the last place apart.
func TestEveryRangeOfALandscape(t *testing.T) {
	for _, r := range [][2]float64{{0, 0}, {1, 1}, {1, math.Nextafter(1, 2)}, {1, -1}, {-1e308, 1e308}, {1e308, 1e308}, {-1e-320, 1e-320}, {0, 5e-324}, {1 << 53, 1<<53 + 2}} {
		for _, loss := range [][4]float64{{1, 1, 1, 1}, {1, 1, 1, math.Nextafter(1, 2)}, {-1e308, 1e308, 0, 1}, {0, 0, 0, 5e-324}} {
			files := small()
			c := 0
			for _, list := range files {
				for _, rec := range list {
					switch rec := rec.(type) {
					case *record.Landscape:
						rec.XMin, rec.XMax, c = r[0], r[1], 0
						if rec.YMin != nil {
							rec.YMin, rec.YMax = ptr(r[1]), ptr(r[0])
						}
					case *record.Cell:
						rec.Loss = loss[c%4]
						c++
					}
				}
			}
			everyFormat(t, fmt.Sprint(r, loss), write(t, files), true)
		}
	}
}

func write(t *testing.T, files [][]record.Record) []string {
	t.Helper()
	var paths []string
	folder := t.TempDir()
	for i, list := range files {
		var b bytes.Buffer
		for _, r := range list {
			line, err := record.Encode(r)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
		path := filepath.Join(folder, fmt.Sprintf("%d.jsonl", i))
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// everyFormat writes the report of record files in all formats, and each of its
// figures, or as a page and as Markdown alone, and checks that they are what they should be. That it ends is bound
// by construction; the context is there to name what would not.
func everyFormat(t *testing.T, what string, paths []string, all bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panics: %v", p)
			}
		}()
		done <- written(paths, all)
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case <-ctx.Done():
		t.Fatalf("%s: does not end", what)
	}
}

// largest is more than a report of a few runs has.
const largest = 8 << 20

func written(paths []string, all bool) error {
	sources, err := load.Read(paths)
	if err != nil {
		return refusal(err)
	}
	r, err := sections.Build(sources, sections.Options{})
	if err != nil {
		return refusal(err)
	}
	for _, f := range render.Formats {
		if f.Name == "svg" || !all && f.Name != "html" && f.Name != "md" {
			continue
		}
		var b bytes.Buffer
		if err := f.Write(r, &b); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if b.Len() > largest {
			return fmt.Errorf("%s: %d bytes", f.Name, b.Len())
		}
		if err := holds(f.Name, b.Bytes()); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	for _, s := range r.Sections {
		if !all {
			break // the page has them
		}
		for _, f := range s.Figures {
			var b bytes.Buffer
			one := *r
			one.Sections = []sections.Section{{Figures: []*sections.Figure{f}}}
			if err := render.SVG(&one, &b); err != nil {
				return err
			}
			if err := holds("svg", b.Bytes()); err != nil {
				return fmt.Errorf("%s: %w", f.ID, err)
			}
		}
	}
	return nil
}

// refusal is nil for an error that says what is wrong with a file.
func refusal(err error) error {
	if _, ok := err.(*artifact.FormatError); ok {
		return nil
	}
	return err
}

// holds says what is wrong with a report in a format.
func holds(format string, b []byte) error {
	if i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && (r != '\t' || format != "tsv") }); i >= 0 {
		return fmt.Errorf("a control character in %q", b[max(0, i-40):min(len(b), i+10)])
	}
	switch format {
	case "html", "svg":
		d := xml.NewDecoder(bytes.NewReader(b))
		d.Entity = xml.HTMLEntity
		for {
			token, err := d.Token()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if start.Name.Local == "script" {
				return fmt.Errorf("text of a record is a script")
			}
			for _, a := range start.Attr {
				switch a.Name.Local {
				case "d", "x", "y", "cx", "cy":
					if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
						return fmt.Errorf("a coordinate is %.80s", a.Value)
					}
				}
			}
		}
	case "csv":
		c := csv.NewReader(bytes.NewReader(b))
		rows, err := c.ReadAll()
		for _, row := range rows {
			for _, cell := range row {
				if strings.Trim(cell, "0123456789.e+-") != "" && strings.ContainsAny(cell[:1], "=+-@") {
					return fmt.Errorf("the cell %q is a formula", cell)
				}
			}
		}
		return err
	case "tex":
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "*") || strings.HasPrefix(line, "\\item [") {
				return fmt.Errorf("the line %.60q is an argument", line)
			}
		}
	case "json":
		var v any
		return json.Unmarshal(b, &v)
	}
	return nil
}

// Names and texts of records are data, in every text field that a record has.
func TestEveryTextIsData(t *testing.T) {
	texts := []string{`=HYPERLINK("http://x","y")`, "+1", "-1+cmd", "@SUM(A1)", "\ttab", "\rreturn", "[1in]", "*", "</svg><script>x</script>", "a\x00\x01\x1b[31m\x7f\u0085\u202e", "# head", "]]>-->", `\input{x}`, "$x$ %", "|a|", "\ufeff\ufffe"}
	for _, text := range texts {
		files := small()
		for _, list := range files {
			for _, r := range list {
				change(reflect.ValueOf(r).Elem(), text)
			}
		}
		paths := write(t, files)
		everyFormat(t, fmt.Sprintf("%q", text), paths, true)
	}
}

// change sets the texts of a record that may be any.
func change(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() != reflect.Map {
			change(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("enum") == "" && f.Name != "Tool" && f.Name != "Status" && v.Field(i).CanSet() {
				change(v.Field(i), text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			change(v.Index(i), text)
		}
	case reflect.String:
		v.SetString(text)
	}
}
