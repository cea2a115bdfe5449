// Package artifacttest helps tests that compare records of two runs.
package artifacttest

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Timeless is the text of a file of records without the fields that tell how
// long something took; of a file that holds no records all of it.
func Timeless(path string) (string, error) {
	streams, err := artifact.ReadRecords(path)
	if err != nil {
		b, err := os.ReadFile(path)
		return string(b), err
	}
	var b strings.Builder
	for _, s := range streams {
		header, err := record.Marshal(s.Header)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s\n", header)
		for _, r := range s.Records {
			kind, ok := record.Find(r.Type())
			if !ok {
				return "", fmt.Errorf("%s: a record of type %q", path, r.Type())
			}
			for _, f := range kind.Fields() {
				v, ok := f.Value(r)
				if !ok || strings.HasSuffix(f.Key, "_seconds") || f.Key == "images_per_second" {
					continue
				}
				if v.Kind() == reflect.Pointer && !v.IsNil() {
					v = v.Elem()
				}
				fmt.Fprintf(&b, "%s %v ", f.Key, v)
			}
			fmt.Fprintln(&b)
		}
		fmt.Fprintf(&b, "complete %v, %q\n", s.Complete, s.Status)
	}
	return b.String(), nil
}
