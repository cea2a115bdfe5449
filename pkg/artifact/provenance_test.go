package artifact

import (
	"reflect"
	"testing"

	"srn/pkg/record"
)

func TestProvenance(t *testing.T) {
	path := writeTemp(t, "data", []byte("abc"))
	in, err := NewInput("data", path)
	if err != nil {
		t.Fatal(err)
	}
	const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if in.SHA256 != sum {
		t.Errorf("hash %s, want %s", in.SHA256, sum)
	}
	p := Provenance{
		Format: "srn-data/1", Tool: "srn-split", Version: "1.0",
		Config: map[string]any{"val_fraction": 0.1, "dataset": "cifar10"},
		Inputs: []record.Input{in},
	}
	m, err := p.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"format": "srn-data/1", "tool": "srn-split", "version": "1.0",
		"config": `{"dataset":"cifar10","val_fraction":0.1}`,
		"inputs": `[{"name":"data","sha256":"` + sum + `"}]`,
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %q, want %q", m, want)
	}
	f := &File{Metadata: m}
	back, err := f.Provenance("x", "srn-data/1")
	if err != nil {
		t.Fatal(err)
	}
	p.Config = map[string]any{"val_fraction": 0.1, "dataset": "cifar10"}
	p.Inputs = []record.Input{{Name: "data", SHA256: sum}}
	if !reflect.DeepEqual(back, p) {
		t.Errorf("got %v, want %v", back, p)
	}
	_, err = f.Provenance("x", "srn-checkpoint/1")
	checkFormatError(t, err, "x", `metadata: format is "srn-data/1": want "srn-checkpoint/1"`)
	_, err = (&File{}).Provenance("x", "srn-data/1")
	checkFormatError(t, err, "x", `metadata: has no format: want "srn-data/1"`)
	m["config"] = "{"
	_, err = f.Provenance("x", "srn-data/1")
	checkFormatError(t, err, "x", `metadata "config": byte 1: unexpected EOF`)
	m["config"], m["inputs"] = "{}", "7"
	_, err = f.Provenance("x", "srn-data/1")
	checkFormatError(t, err, "x", `metadata "inputs": is a number, not a list`)
}
