package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// section is what a part of the benchmarks found.
type section struct {
	Name  string     `json:"name"`
	Title string     `json:"title"`
	Data  any        `json:"data"`
	Notes []string   `json:"notes,omitempty"`
	table [][]string // the header first
}

// print writes the section as an aligned table.
func (s section) print(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n", s.Title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range s.table {
		fmt.Fprintln(t, "  "+strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range s.Notes {
		if _, err := fmt.Fprintf(w, "  %s\n", n); err != nil {
			return err
		}
	}
	return nil
}

// Row compares one piece of work on both sides.
type Row struct {
	Work    string   `json:"work"`
	Threads int      `json:"threads,omitempty"`
	Unit    string   `json:"unit"`
	Ours    Summary  `json:"ours"`
	Theirs  *Summary `json:"theirs,omitempty"` // the peer's, or whatever Against names
	Against string   `json:"against,omitempty"`
	// Ratio says how many times better ours is, of pairs measured in one round.
	Ratio *Summary `json:"ratio,omitempty"`
	// CPURatio is the same of processor time, which other processes disturb
	// less, but in which threads that wait count as well.
	CPURatio float64 `json:"cpu_ratio,omitempty"`
	Aim      string  `json:"aim,omitempty"`
}

// unit turns seconds a call into what a row shows.
type unit struct {
	name  string
	value func(seconds float64) float64
}

func perSecond(what string, n int) unit {
	return unit{what + "/s", func(s float64) float64 { return float64(n) / s }}
}

var milliseconds = unit{"ms", func(s float64) float64 { return 1e3 * s }}

// row shows our measurements beside another contender's, nil for none.
func row(work string, threads int, u unit, ours, theirs *contender, against, aim string) Row {
	r := Row{Work: work, Threads: threads, Unit: u.name, Aim: aim, Ours: summarise(each(ours.wall, u.value))}
	if theirs == nil {
		return r
	}
	t := summarise(each(theirs.wall, u.value))
	ratio := summarise(quotients(theirs.wall, ours.wall))
	r.Theirs, r.Ratio, r.Against = &t, &ratio, against
	r.CPURatio = summarise(quotients(theirs.cpu, ours.cpu)).Median
	return r
}

// compared is a section of rows.
func compared(name, title string, rows []Row, notes ...string) section {
	s := section{Name: name, Title: title, Data: rows, Notes: notes,
		table: [][]string{{"work", "threads", "unit", "ours", "min … max", "beside", "median", "min … max", "ratio", "min … max", "CPU", "aim"}}}
	for _, r := range rows {
		threads := ""
		if r.Threads > 0 {
			threads = fmt.Sprint(r.Threads)
		}
		cells := []string{r.Work, threads, r.Unit, number(r.Ours.Median), spread(r.Ours)}
		if r.Theirs != nil {
			cells = append(cells, r.Against, number(r.Theirs.Median), spread(*r.Theirs))
		} else {
			cells = append(cells, r.Against, "", "")
		}
		switch {
		case r.Ratio != nil && r.CPURatio != 0:
			cells = append(cells, number(r.Ratio.Median), spread(*r.Ratio), number(r.CPURatio))
		case r.Ratio != nil:
			cells = append(cells, number(r.Ratio.Median), spread(*r.Ratio), "")
		default:
			cells = append(cells, "", "", "")
		}
		s.table = append(s.table, append(cells, r.Aim))
	}
	return s
}

func spread(s Summary) string { return number(s.Min) + " … " + number(s.Max) }

// number prints three significant digits.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	case v == 0:
		return "0"
	}
	return fmt.Sprintf("%.3g", v)
}
