// Package paper holds what the paper prints: the numbers of its tables, its
// protocol, its claims, and where these do not agree with one another.
//
// Everything here is quoted. Nothing of it was measured by these tools, and no
// value here may be shown without saying so.
package paper

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// What the paper prints values of.
const (
	Top1    = "top1"          // percent
	Top5    = "top5"          // percent
	Seconds = "epoch_seconds" // of an epoch
)

// Value is a number that the paper prints.
type Value struct {
	Table   int
	Block   string // part of the table: Static, External protocol; may be empty
	Row     string // as the paper names it
	Setting string // of an ablation: r_max 10, MLP, γ_mar 0.5; may be empty
	Dataset string // cifar10, cifar100
	Arch    string // resnet8, resnet20, resnet32
	Metric  string // Top1, Top5 or Seconds
	Value   float64
	SD      float64 // 0 where the paper prints none
	Text    string  // the value with as many digits as are printed
}

// SRN says that the row is the paper's own method.
func (v Value) SRN() bool { return Method(v.Row) == "SRN" }

// Method is a row's method, without what the paper adds to its own.
func Method(row string) string { return strings.TrimSuffix(row, " (Ours)") }

// String is the value as printed, with its deviation where there is one.
func (v Value) String() string {
	if v.SD == 0 {
		return v.Text
	}
	_, fraction, _ := strings.Cut(v.Text, ".")
	return v.Text + " ± " + strconv.FormatFloat(v.SD, 'f', len(fraction), 64)
}

//go:embed values.tsv
var values string

// Values lists all numbers of Tables 2 to 7 in the paper's order.
var Values = sync.OnceValue(func() []Value {
	var list []Value
	for line := range strings.Lines(values) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] == "table" {
			continue
		}
		v := Value{Block: f[1], Row: f[2], Setting: f[3], Dataset: f[4], Arch: f[5], Metric: f[6], Text: f[7]}
		v.Table, _ = strconv.Atoi(f[0]) // the file is a constant, tested
		v.Value, _ = strconv.ParseFloat(f[7], 64)
		v.SD, _ = strconv.ParseFloat(f[8], 64)
		list = append(list, v)
	}
	return list
})

// Of lists the values of a table.
func Of(table int) []Value {
	return slices.DeleteFunc(slices.Clone(Values()), func(v Value) bool { return v.Table != table })
}

// Quote lists the accuracies that the paper prints for a method on a data set
// and network, under its own protocol or the external one of Table 5.
func Quote(dataset, arch, method string, external bool) []Value {
	var list []Value
	for _, v := range Values() {
		if v.Metric == Top1 && v.Setting == "" && v.Table != 6 && v.Dataset == dataset && v.Arch == arch && Method(v.Row) == method && (v.Block == "External protocol") == external {
			list = append(list, v)
		}
	}
	return list
}
