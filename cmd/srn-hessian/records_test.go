package main

import (
	"bytes"
	"math"
	"reflect"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/record"
)

// untold are numbers that a record may lack, since the measurement asked for
// does not tell them.
func untold(kind, key string) bool {
	return key == "lambda_min" || key == "batches" || key == "smallest_fault_difference" || strings.HasPrefix(key, "r2_") || kind == record.Header{}.Type()
}

// records reads a file of records, strictly.
func records(ts *testscript.TestScript, file string) []record.Record {
	var list []record.Record
	var d record.Decoder
	for line := range bytes.Lines([]byte(ts.ReadFile(file))) {
		r, err := d.Decode(line)
		if err != nil {
			ts.Fatalf("%s: record %d: %v", file, len(list)+1, err)
		}
		list = append(list, r)
	}
	return list
}

// fields calls f with every field that a record has.
func fields(r record.Record, f func(record.Field, reflect.Value)) {
	k, _ := record.Find(r.Type())
	for _, field := range k.Fields() {
		if v, ok := field.Value(r); ok {
			f(field, v)
		}
	}
}

// tell FILE TYPE…: there are records of every one of the types, and each has
// all fields of its type, of which none that can be told is null.
func tell(ts *testscript.TestScript, neg bool, args []string) {
	seen := map[string]bool{}
	for _, r := range records(ts, args[0]) {
		seen[r.Type()] = true
		fields(r, func(f record.Field, v reflect.Value) {
			if v.Kind() == reflect.Float64 && math.IsNaN(v.Float()) && !untold(r.Type(), f.Key) {
				ts.Fatalf("%s: %s of a record of type %s is null", args[0], f.Key, r.Type())
			}
		})
	}
	for _, kind := range args[1:] {
		if !seen[kind] {
			ts.Fatalf("%s: no record of type %s", args[0], kind)
		}
	}
}

// same A B: two files have the same records but for wall times.
func same(ts *testscript.TestScript, neg bool, args []string) {
	lists := [2][]string{}
	for i, file := range args {
		for _, r := range records(ts, file) {
			fields(r, func(f record.Field, v reflect.Value) {
				if strings.HasSuffix(f.Key, "_seconds") {
					v.SetZero()
				}
			})
			line, err := record.Encode(r)
			ts.Check(err)
			lists[i] = append(lists[i], string(line))
		}
	}
	if !reflect.DeepEqual(lists[0], lists[1]) {
		ts.Fatalf("%s and %s differ by more than times", args[0], args[1])
	}
}
