package render

import (
	"reflect"
	"strconv"
	"strings"

	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/sections"
	"srn/pkg/stats"
)

// groups are a row for each group: what it is, and of each metric n, mean and
// standard deviation. Fractions are 0…1 but for the paper's values, which are
// in percent and in columns named quoted; empty cells were not measured. The
// columns have the names of the fields of [sections.Result].
func groups(list []sections.Result) (head []string, rows [][]string) {
	t := reflect.TypeFor[sections.Result]()
	for _, r := range append([]sections.Result{{}}, list...) {
		var row []string
		var names []string
		v := reflect.ValueOf(r)
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			n, cells := columns(name, v.Field(i).Interface())
			names, row = append(names, n...), append(row, cells...)
		}
		if head == nil {
			head = names
			continue
		}
		rows = append(rows, row)
	}
	return head, rows
}

// columns are the columns of a result's field, with their cells.
func columns(name string, v any) (names, cells []string) {
	one := func(text string) ([]string, []string) { return []string{name}, []string{text} }
	switch v := v.(type) {
	case string:
		return one(v)
	case int:
		return one(strconv.Itoa(v))
	case float64:
		return one(number.Exact(v))
	case *bool:
		if v == nil {
			return one("")
		}
		return one(strconv.FormatBool(*v))
	case []int64:
		return one(strconv.Itoa(len(v)))
	case stats.Summary:
		cells = []string{strconv.Itoa(v.N), "", ""}
		if v.N > 0 {
			cells[1] = number.Exact(v.Mean)
		}
		if v.N > 1 {
			cells[2] = number.Exact(v.SD)
		}
		return []string{name + "_n", name + "_mean", name + "_sd"}, cells
	case *conclude.Comparison:
		parts := []string{"n", "failed", "mean", "low", "high", "p", "p_corrected", "verdict", "detectable"}
		cells = make([]string, len(parts))
		if v != nil {
			cells[0], cells[1], cells[7] = strconv.Itoa(v.Pairs), strconv.Itoa(v.Failed[0]), v.Verdict.String()
			if v.N > 0 {
				cells[2] = number.Exact(v.Mean)
			}
			if v.Test != nil {
				cells[3], cells[4] = number.Exact(v.Test.Low), number.Exact(v.Test.High)
			}
			if p, ok := v.P(); ok {
				cells[5], cells[6] = number.Exact(p), number.Exact(v.Corrected)
			}
			if v.Detectable > 0 {
				cells[8] = number.Exact(v.Detectable)
			}
		}
		for _, part := range parts {
			names = append(names, name+"_"+part)
		}
		return names, cells
	case []sections.Quoted:
		cells = make([]string, 2)
		for _, q := range v {
			if q.Table == 2 {
				cells[0] = number.Exact(q.Top1)
			} else if q.Table == 7 {
				cells[1] = number.Exact(q.Top1)
			}
		}
		return []string{"quoted_table2_top1_percent", "quoted_table7_top1_percent"}, cells
	}
	return nil, nil
}
