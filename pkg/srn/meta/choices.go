package meta

import (
	"reflect"
	"strings"
	"unicode"
)

// Choice is a question that the paper leaves open, or a number it gives, with
// the answer taken here.
type Choice struct {
	Flag    string   `json:"flag"`
	Default string   `json:"default"`
	Values  []string `json:"values,omitempty"` // of a choice between kinds
	Help    string   `json:"help"`
	Why     string   `json:"why"`
}

// Choices lists all fields of a [Config] as flags.
func Choices() []Choice { return choices(reflect.TypeFor[Config](), nil) }

func choices(t reflect.Type, to []Choice) []Choice {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			to = choices(f.Type, to)
			continue
		}
		c := Choice{Flag: f.Tag.Get("name"), Default: f.Tag.Get("default"), Why: f.Tag.Get("why")}
		if c.Flag == "" {
			c.Flag = flagName(f.Name)
		}
		if f.Type.Kind() == reflect.Bool {
			c.Default = "off"
		}
		if values := f.Tag.Get("enum"); values != "" {
			c.Values = strings.Split(values, ",")
		}
		c.Help = strings.ReplaceAll(f.Tag.Get("help"), " (${default})", "")
		to = append(to, c)
	}
	return to
}

// flagName spells a field as a flag: InnerEpochs is inner-epochs.
func flagName(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
