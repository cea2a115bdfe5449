package record

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Header is the first record of a file: what made the records after it.
type Header struct {
	// The command, such as srn-fit.
	Tool string `json:"tool"`
	// Version of the command.
	Version string `json:"version"`
	// Version of the records' layout.
	Schema int `json:"schema" range:"1.."`
	// Seed of all randomness of the run.
	Seed int64 `json:"seed"`
	// All settings that decide the results: of srn-fit those of Fit, of srn-meta
	// those of Meta, of the other commands the values of their flags.
	Config any `json:"config"`
	// The files that the records were made from.
	Inputs []Input `json:"inputs"`
}

func (Header) Type() string { return "header" }

// Input names a file that an output was made from.
type Input struct {
	// Its role, such as data or srn.
	Name string `json:"name"`
	// As the user named it.
	Path string `json:"path,omitzero"`
	// Of the uncompressed bytes, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Input is the SHA-256 of the input with a role, "" where there is none.
func (h Header) Input(name string) string {
	for _, in := range h.Inputs {
		if in.Name == name {
			return in.SHA256
		}
	}
	return ""
}

// settle gives a decoded header's configuration the type that its tool has.
func (h *Header) settle(config jsontext.Value) error {
	var err error
	switch h.Tool {
	case fit:
		c := new(Fit)
		err = decodeBlock(config, c)
		h.Config = c
	case meta:
		c := new(Meta)
		err = decodeBlock(config, c)
		h.Config = c
	default:
		c := map[string]any{}
		err = Unmarshal(config, &c)
		h.Config = c
	}
	var field *FieldError
	if errors.As(err, &field) {
		return &FieldError{h.Type(), "config." + field.Field, field.Problem}
	}
	if err != nil {
		return &FieldError{h.Type(), "config", err.Error()}
	}
	return nil
}

// Status of a run that has ended.
const (
	OK          = "ok"
	Diverged    = "diverged"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// End is the last record of a file; without it the file is incomplete.
type End struct {
	// How the run ended.
	Status string `json:"status"`
}

func (End) Type() string { return "end" }
