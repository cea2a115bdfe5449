package dataset

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"srn/pkg/artifact"
)

// Format names the layout of a dataset file.
const Format = "srn-data/1"

// Save writes the data set as a dataset file: tensors train_images and
// test_images (U8, N×32×32×3), train_labels and test_labels (I32), with
// superclasses train_coarse_labels and test_coarse_labels, and the indices
// meta_train and meta_val into the training images. Names, constants and
// provenance are in the metadata; p's Format is set. It sets d.SHA256.
func (d *Data) Save(path string, p artifact.Provenance) error {
	f, err := d.file(p)
	if err != nil {
		return err
	}
	if err := artifact.Write(path, f); err != nil {
		return err
	}
	d.SHA256 = f.SHA256
	return nil
}

// SaveIfChanged is Save, except that a file which holds the same already is
// left alone. It reports whether it wrote, which to standard output ("-") it
// always does.
func (d *Data) SaveIfChanged(path string, p artifact.Provenance) (bool, error) {
	if path == "-" {
		return true, d.Save(path, p)
	}
	f, err := d.file(p)
	if err != nil {
		return false, err
	}
	if old, err := artifact.HashFile(path); err == nil {
		if err := artifact.Encode(io.Discard, f); err != nil {
			return false, err
		}
		if d.SHA256 = f.SHA256; old == f.SHA256 {
			return false, nil
		}
	}
	return true, d.Save(path, p)
}

func (d *Data) file(p artifact.Provenance) (*artifact.File, error) {
	p.Format = Format
	metadata, err := p.Metadata()
	if err != nil {
		return nil, err
	}
	// The content alone decides the hash by which runs on the same data are
	// known, not the build that wrote it.
	delete(metadata, "version")
	metadata["dataset"] = d.Name
	metadata["mean"] = joinFloats(d.Mean)
	metadata["std"] = joinFloats(d.Std)
	metadata["val_fraction"] = strconv.FormatFloat(d.ValFraction, 'g', -1, 64)
	metadata["seed"] = strconv.FormatUint(d.Seed, 10)
	metadata["source_sha256"] = d.SourceSHA256
	if d.Noise.Kind != "" {
		metadata["label_noise"] = d.Noise.Kind
		metadata["label_noise_rate"] = strconv.FormatFloat(d.Noise.Rate, 'g', -1, 64)
		metadata["label_noise_seed"] = strconv.FormatUint(d.Noise.Seed, 10)
	}
	for key, n := range d.Twins.counts() {
		if *n > 0 { // most data sets have none
			metadata[key] = strconv.Itoa(*n)
		}
	}
	if d.Official != nil {
		metadata["official"] = strconv.FormatBool(*d.Official)
	}
	for key, names := range map[string][]string{"classes": d.Classes, "coarse_classes": d.CoarseClasses} {
		if names == nil {
			continue
		}
		b, err := json.Marshal(names)
		if err != nil {
			return nil, err
		}
		metadata[key] = string(b)
	}
	f := &artifact.File{Metadata: metadata}
	for name, s := range map[string]*Split{"train": &d.Train, "test": &d.Test} {
		f.Tensors = append(f.Tensors,
			artifact.Bytes(name+"_images", []int{s.Len(), Size, Size, 3}, s.Pixels),
			indices(name+"_labels", s.Labels))
		if s.Coarse != nil {
			f.Tensors = append(f.Tensors, indices(name+"_coarse_labels", s.Coarse))
		}
	}
	f.Tensors = append(f.Tensors, indices("meta_train", d.MetaTrain), indices("meta_val", d.MetaVal))
	return f, nil
}

func indices(name string, v []int32) artifact.Tensor {
	return artifact.Int32s(name, []int{len(v)}, v)
}

func joinFloats(v [3]float32) string {
	var s [3]string
	for i, x := range v {
		s[i] = strconv.FormatFloat(float64(x), 'g', -1, 32)
	}
	return strings.Join(s[:], ",")
}
