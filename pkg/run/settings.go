package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/record"
)

// Kernels describes what of a backend decides rounding: cpu or cuda and, in
// brackets, the kernel set. Which of several GPUs it is does not matter.
func Kernels(be device.Backend) string {
	name, set, _ := strings.Cut(be.Name(), " ")
	kind, _, _ := strings.Cut(name, ":")
	return strings.TrimSpace(kind + " " + set)
}

// environmental are the recorded names of settings that decide the rounding of
// results and nothing else.
var environmental = []string{"kernels", "precision"}

// Settings are what decides a run's results, as a file records them: its
// configuration, flat, and the hashes of its inputs.
type Settings struct {
	tool, version string
	values        map[string]string // JSON of each setting; parts of an object as OBJECT.KEY
}

// NewSettings are those of a run to begin. Config is what its header and the
// metadata of its output record.
func NewSettings(tool, version string, config any, inputs []record.Input) (Settings, error) {
	text, err := record.Marshal(config)
	if err != nil {
		return Settings{}, err
	}
	return recorded(tool, version, string(text), inputs)
}

// headerSettings are those that a header tells, whether it was read or is to
// be written.
func headerSettings(h record.Header) (Settings, error) {
	text, err := record.Marshal(h.Config)
	if err != nil {
		return Settings{}, err
	}
	s, err := recorded(h.Tool, h.Version, string(text), h.Inputs)
	if err == nil { // of the numbers of a configuration, some are float64
		s.values["seed"] = strconv.FormatInt(h.Seed, 10)
	}
	return s, err
}

// fileSettings are those that the metadata of a tensor file tell.
func fileSettings(path string, metadata map[string]string) (Settings, error) {
	f := artifact.File{Metadata: metadata}
	p, err := f.Provenance(path, metadata["format"])
	if err != nil {
		return Settings{}, err
	}
	s, err := recorded(p.Tool, p.Version, metadata["config"], p.Inputs)
	if err != nil {
		err = &artifact.FormatError{Path: path, Field: `metadata "config"`, Problem: err.Error()}
	}
	return s, err
}

// same refuses records of another run, or of another environment where that
// matters.
func (s Settings) same(path string, h record.Header, environment bool) error {
	was, err := headerSettings(h)
	if err != nil {
		return &artifact.FormatError{Path: path, Field: "header", Problem: err.Error()}
	}
	differ, surroundings := s.differences(was)
	if environment {
		differ = joined(differ, surroundings)
	}
	if len(differ) > 0 {
		return &DifferentError{path, differ}
	}
	return nil
}

func joined(a, b []Difference) []Difference { return append(a, b...) }

// aged warns of what another version has begun.
func (s Settings) aged(was Settings) []string {
	if was.version == s.version {
		return nil
	}
	return []string{fmt.Sprintf("begun by version %s and resumed by %s, which may compute otherwise", was.version, s.version)}
}

// recorded reads a configuration as it stands in a file.
func recorded(tool, version, config string, inputs []record.Input) (Settings, error) {
	s := Settings{tool: tool, version: version, values: map[string]string{}}
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(config), &object); err != nil {
		return s, fmt.Errorf("the configuration is no object: %w", err)
	}
	if err := s.add("", object); err != nil {
		return s, err
	}
	count := map[string]int{}
	for _, in := range inputs {
		count[in.Name]++
		name := "input " + in.Name
		if n := count[in.Name]; n > 1 {
			name = fmt.Sprintf("%s %d", name, n)
		}
		s.values[name] = in.SHA256
	}
	return s, nil
}

// add takes in the members of an object under a prefix.
func (s Settings) add(prefix string, object map[string]json.RawMessage) error {
	for key, value := range object {
		var inner map[string]json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) {
			if err := json.Unmarshal(value, &inner); err != nil {
				return err
			}
			if err := s.add(prefix+key+".", inner); err != nil {
				return err
			}
			continue
		}
		var b bytes.Buffer
		if err := json.Compact(&b, value); err != nil {
			return err
		}
		s.values[prefix+key] = b.String()
	}
	return nil
}

// Difference is a setting in which two runs differ.
type Difference struct {
	Setting  string // as it is recorded, such as batch or "input data"
	Was, Now string // as text; "" where there is none
}

func (d Difference) String() string {
	told := func(v string) string {
		if v == "" {
			return "not set"
		}
		return v
	}
	return fmt.Sprintf("%s was %s and is now %s", d.Setting, told(d.Was), told(d.Now))
}

// differences lists the settings in which a run differs from an earlier one,
// and those of its environment apart.
func (s Settings) differences(was Settings) (settings, environment []Difference) {
	if was.tool != s.tool {
		return []Difference{{"the command", was.tool, s.tool}}, nil
	}
	all := maps.Clone(was.values)
	maps.Copy(all, s.values)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a, b := was.values[name], s.values[name]
		if a == b || name != "seed" && equalNumbers(a, b) {
			continue
		}
		if strings.HasPrefix(name, "input ") {
			a, b = a[:min(12, len(a))], b[:min(12, len(b))]
		}
		d := Difference{name, shown(a), shown(b)}
		if slices.Contains(environmental, name) {
			environment = append(environment, d)
		} else {
			settings = append(settings, d)
		}
	}
	return settings, environment
}

// equalNumbers tells numbers that a header keeps as one: those of commands
// whose configuration has no struct are float64 once they were read.
func equalNumbers(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// shown is a JSON value as a message has it: texts without quotes, the beginning
// of hashes, null as none.
func shown(value string) string {
	var text string
	switch {
	case value == "null":
		return ""
	case json.Unmarshal([]byte(value), &text) == nil && hash.MatchString(text):
		return text[:12]
	case json.Unmarshal([]byte(value), &text) == nil:
		return text
	}
	return value
}
