package record

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference writes docs/records.md: every type of record with its fields, their
// types, units and meanings, and who writes it.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Records\n\n" + referenceHead)
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s\n\nOne for each %s. Written by %s.\n", k.Name, k.sentence(), k.One, "`"+strings.Join(k.Writers, "`, `")+"`")
		b.WriteString("\n| key | type | unit | meaning |\n|---|---|---|---|\n")
		for i, f := range k.Fields() {
			if blockOf(f) != "" {
				if i == 0 || blockOf(k.Fields()[i-1]) != blockOf(f) {
					fmt.Fprintf(&b, "| *[%s](#%s)* | | | %s |\n", blockOf(f), anchor(blockOf(f)), "all its keys")
				}
				continue
			}
			f.row(&b)
		}
	}
	for _, block := range blocks {
		k := Kind{of: block.of}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | type | unit | meaning |\n|---|---|---|---|\n", block.name, comments()[k.Struct()])
		for _, f := range k.Fields() {
			f.row(&b)
		}
	}
	return b.String()
}

const referenceHead = `What the commands record, made by ` + "`make docs`" + ` from the Go structs of pkg/record; do not edit it.
` + "`srn-report schema [TYPE]`" + ` prints the same as JSON Schema.

A record file is JSON Lines, zstd-compressed where its name ends in .zst: a ` + "`header`" + `, the records,
an ` + "`end`" + `. A file without its end is incomplete. Keys are flat but for ` + "`parameters`" + ` and a header's
` + "`config`" + `. Numbers that are not finite are null. Keys marked ° are left out where they do not apply.
Keys that end in ` + "`_seconds`" + `, and ` + "`images_per_second`" + `, are wall times and rates: all others are the same in
every run of the same inputs, flags and seed. Other keys, such as those that another program adds, are ignored.
`

// blocks are the groups of keys that several records share.
var blocks = []struct {
	name string
	of   reflect.Type
}{
	{"Training", reflect.TypeFor[Fit]()},
	{"Meta-training", reflect.TypeFor[Meta]()},
	{"Run of meta-training", reflect.TypeFor[MetaRun]()},
	{"Subject", reflect.TypeFor[Subject]()},
	{"Examined", reflect.TypeFor[Examined]()},
	{"Loss", reflect.TypeFor[LossAt]()},
	{"Matrix", reflect.TypeFor[Matrix]()},
	{"Solver", reflect.TypeFor[Solver]()},
	{"Eigenpair", reflect.TypeFor[Eigenpair]()},
}

// blockOf names the shared block that a type of record has a field of, "" for
// none.
func blockOf(f Field) string {
	return map[string]string{"Network": "Training", "Training": "Training", "MetaRun": "Run of meta-training", "Subject": "Subject", "Examined": "Examined",
		"LossConfig": "Loss", "LossAt": "Loss", "Matrix": "Matrix", "Solver": "Solver", "Eigenpair": "Eigenpair"}[f.block]
}

func anchor(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// sentence is the type's meaning with its struct's name taken off.
func (k Kind) sentence() string {
	text := strings.TrimPrefix(strings.TrimPrefix(k.About(), k.Struct()+" "), "is ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func (f Field) row(b *strings.Builder) {
	key := "`" + f.Key + "`"
	if f.Fallback() {
		key = "`METHOD.FIGURE`"
	}
	if f.Optional {
		key += "°"
	}
	text := strings.ReplaceAll(f.About(), "|", "\\|")
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", key, strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(f.Wants(), "a "), "one of "), ", "), f.Unit, text)
}
