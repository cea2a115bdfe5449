package probe

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// renamed are the keys of fields that their records' structs name otherwise.
var renamed = map[string]string{"n": "images", "batch": "pass_images", "runs": "probes", "probe": "distribution", "parameters": "parameter_count",
	"kernel": "smoothing", "lr": "epoch_lr", "lr_next": "next_lr", "srn_sha256": "surrogate_sha256", "momentum": ""}

// Typed makes the fields of a measurement, after those of [Session.Fields], the
// record of their type.
func Typed(f artifact.Fields) (record.Record, error) {
	kind, _ := f[0].Value.(string)
	k, ok := record.Find(kind)
	if !ok {
		return nil, fmt.Errorf("no record has the type %q", kind)
	}
	var list artifact.Fields
	own := false
	for _, m := range f {
		own = own || m.Key == "n"
		if to, ok := renamed[m.Key]; ok && own {
			m.Key = to
		}
		for _, field := range k.Fields() {
			switch {
			case m.Key != field.Key || m.Value != nil:
			case field.Optional:
				m.Key = ""
			case field.Wants() == "a text":
				m.Value = ""
			}
		}
		if m.Key != "" {
			list = append(list, m)
		}
	}
	line, err := record.Marshal(list)
	if err != nil {
		return nil, err
	}
	var d record.Decoder
	return d.Decode(line)
}
