package method

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Param is a parameter of a method, set by --set name=value.
type Param struct {
	Name, Default, Help string
	// Hundred is the default for data sets of 100 classes where the source has
	// another for CIFAR-100; "" where it has not.
	Hundred  string
	Min, Max float64  // bounds of a number, inclusive
	OneOf    []string // of a word, nil for a number
	Or       string   // a word that may stand in place of a number, "" for none
	Was      string   // an earlier name, under which it is still found
}

// number is a parameter with bounds.
func number(name string, standard, lo, hi float64, help string) Param {
	return Param{Name: name, Default: format(standard), Min: lo, Max: hi, Help: help}
}

// onHundred gives a number another default for data sets of 100 classes.
func (p Param) onHundred(standard float64) Param {
	p.Hundred = format(standard)
	return p
}

// was says under which name the parameter is found too.
func (p Param) was(name string) Param {
	p.Was = name
	return p
}

// or allows a word in place of a number.
func (p Param) or(word string) Param {
	p.Or = word
	return p
}

// word is a parameter with a choice; the first is the default.
func word(name, help string, oneOf ...string) Param {
	return Param{Name: name, Default: oneOf[0], OneOf: oneOf, Help: help}
}

func format(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// canonical checks a value and writes it in one way.
func (p Param) canonical(value string) (string, error) {
	if p.OneOf != nil {
		if !slices.Contains(p.OneOf, value) {
			return "", fmt.Errorf("%s=%s: want one of %s", p.Name, value, strings.Join(p.OneOf, ", "))
		}
		return value, nil
	}
	if p.Or != "" && value == p.Or {
		return value, nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || v < p.Min || v > p.Max {
		return "", fmt.Errorf("%s=%s: want %s", p.Name, value, p.Range())
	}
	return format(v), nil
}

// Defaults tells a parameter's default, or both where it depends on the data.
func (p Param) Defaults() string {
	if p.Hundred == "" {
		return p.Default
	}
	return p.Default + ", with 100 classes " + p.Hundred
}

// Range says what values a parameter takes.
func (p Param) Range() string {
	switch {
	case p.Or != "":
		number := p
		number.Or = ""
		return number.Range() + ", or " + p.Or
	case p.OneOf != nil:
		return strings.Join(p.OneOf, ", ")
	case math.IsInf(p.Max, 1) && math.IsInf(p.Min, -1):
		return "a number"
	case math.IsInf(p.Max, 1):
		return "a number of at least " + format(p.Min)
	}
	return "a number from " + format(p.Min) + " to " + format(p.Max)
}

// Settings are the values of a method's parameters, by part and name.
type Settings struct {
	values map[string]string // by "part.name"
	names  []string          // in the order of the parts
	info   Info
}

// Settings reads assignments name=value. A name that several parts have is
// written part.name.
func (i Info) Settings(assignments []string) (Settings, error) {
	s := Settings{values: map[string]string{}, info: i}
	var known []string
	for _, part := range i.parts() {
		for _, p := range part.Params {
			s.values[part.Name+"."+p.Name] = p.Default
			s.names = append(s.names, part.Name+"."+p.Name)
			known = append(known, s.short(part.Name, p.Name))
		}
	}
	for _, a := range assignments {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return s, fmt.Errorf("%q is not of the form name=value", a)
		}
		var found []string
		for _, part := range i.parts() {
			for _, p := range part.Params {
				short := strings.TrimPrefix(name, part.Name+".")
				if short != p.Name && (short != p.Was || p.Was == "") {
					continue
				}
				v, err := p.canonical(value)
				if err != nil {
					return s, err
				}
				s.values[part.Name+"."+p.Name] = v
				found = append(found, part.Name+"."+p.Name)
			}
		}
		switch {
		case len(found) > 1:
			return s, fmt.Errorf("%s is a parameter of several parts: write one of %s", name, strings.Join(found, ", "))
		case len(found) == 0 && len(known) == 0:
			return s, fmt.Errorf("%s: method %s has no parameters", name, i.Name)
		case len(found) == 0:
			return s, fmt.Errorf("%s is no parameter of method %s, which has %s", name, i.Name, strings.Join(known, ", "))
		}
	}
	return s, nil
}

// short is the name by which a parameter is shown: with its part's where the
// method has several parts.
func (s Settings) short(part, name string) string {
	if len(s.info.parts()) > 1 {
		return part + "." + name
	}
	return name
}

// String lists all parameters with their values, separated by commas.
func (s Settings) String() string {
	var out []string
	for _, part := range s.info.parts() {
		for _, p := range part.Params {
			out = append(out, s.short(part.Name, p.Name)+"="+s.values[part.Name+"."+p.Name])
		}
	}
	return strings.Join(out, ",")
}

// Methods are the names of the parts, in the registry's order.
func (s Settings) Methods() []string {
	var names []string
	for _, p := range s.info.parts() {
		names = append(names, p.Name)
	}
	return names
}

// Parameters are the values as records hold them: numbers and words under
// METHOD.PARAMETER.
func (s Settings) Parameters() map[string]any {
	all := map[string]any{}
	for _, part := range s.info.parts() {
		for _, p := range part.Params {
			v := values{part.Name, s.values}
			if name := part.Name + "." + p.Name; p.OneOf != nil || p.Or != "" && v.word(p.Name) == p.Or {
				all[name] = v.word(p.Name)
			} else {
				all[name] = v.number(p.Name)
			}
		}
	}
	return all
}

// values are those of one part.
type values struct {
	part string
	all  map[string]string
}

func (v values) word(name string) string {
	s, ok := v.all[v.part+"."+name]
	if !ok {
		panic("method: " + v.part + " has no parameter " + name)
	}
	return s
}

func (v values) number(name string) float64 {
	f, err := strconv.ParseFloat(v.word(name), 64)
	if err != nil {
		panic(err)
	}
	return f
}
