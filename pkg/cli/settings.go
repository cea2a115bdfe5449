package cli

import (
	"fmt"
	"reflect"
	"strings"
)

// Settings are the values of the flags that decide results, for the header of
// records: by name, with _ for -. A flag is left out where it has the tag
// record:"-", which outputs, inputs and everything have that changes no
// result, and where it has no value. A flag that is not a number, a text, a
// truth value or a list of them is recorded as its String says.
func (c *Context) Settings() map[string]any {
	all := map[string]any{}
	for _, f := range c.flags {
		if f.Name == "help" || f.Tag.Get("record") == "-" {
			continue
		}
		if v, ok := plain(f.Target); ok {
			all[strings.ReplaceAll(f.Name, "-", "_")] = v
		}
	}
	return all
}

// plain is a flag's value as records have it; ok is false where there is none.
func plain(v reflect.Value) (value any, ok bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false
		}
	case reflect.Slice, reflect.String:
		if v.Len() == 0 {
			return nil, false
		}
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String(), true
	}
	return v.Interface(), true
}
