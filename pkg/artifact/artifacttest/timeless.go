// Package artifacttest helps tests that compare records of two runs.
package artifacttest

import (
	"fmt"
	"strings"

	"srn/pkg/artifact"
)

// Timeless is the text of a file of records without the fields that tell how
// long something took.
func Timeless(path string) (string, error) {
	streams, err := artifact.ReadRecords(path)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range streams {
		fmt.Fprintf(&b, "%+v\n", s.Header)
		for _, r := range s.Records {
			for key := range r {
				if strings.HasSuffix(key, "_seconds") || key == "seconds" || strings.HasSuffix(key, "per_second") {
					delete(r, key)
				}
			}
			fmt.Fprintf(&b, "%v\n", map[string]any(r))
		}
		fmt.Fprintf(&b, "complete %v, %q\n", s.Complete, s.Status)
	}
	return b.String(), nil
}
