package imageset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/npy"
)

// arrayNames are how the arrays of a part are called, by whom.
var arrayNames = []struct{ part, images, labels string }{
	{"train", "train_images", "train_labels"}, // MedMNIST, and datasets here
	{"valid", "val_images", "val_labels"},
	{"test", "test_images", "test_labels"},
	{"train", "x_train", "y_train"}, // Keras
	{"valid", "x_val", "y_val"},
	{"test", "x_test", "y_test"},
	{"train", "images", "labels"}, // without parts
}

const wantArrays = "its arrays must be train_images, train_labels, test_images and test_labels, or x_train, y_train, x_test and y_test, or images and labels"

// arrays reads a .npz file.
func (r *reader) arrays() error {
	in, err := artifact.Open(r.path, artifact.Limits{})
	if err != nil {
		return err
	}
	defer in.Close()
	b, sum, err := in.Bytes()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(b), "PK\x03\x04") {
		return r.bad("", "make one by numpy.savez", "is no .npz file")
	}
	tensors, err := npy.ReadZip(b, maxImages*pixels)
	if err != nil {
		return r.placed(err)
	}
	r.set.Source.SHA256 = sum
	byName := map[string]artifact.Tensor{}
	var there []string
	for _, t := range tensors {
		byName[t.Name] = t
		there = append(there, t.Name)
	}
	parts := map[string]*dataset.Split{"train": &r.set.Train, "valid": &r.set.Valid, "test": &r.set.Test}
	for _, n := range arrayNames {
		images, ok := byName[n.images]
		if !ok {
			continue
		}
		labels, ok := byName[n.labels]
		if !ok {
			return r.bad("", wantArrays, "has an array %s but none of %s", n.images, n.labels)
		}
		if parts[n.part].Len() > 0 {
			return r.bad("", "leave one of them out", "has two arrays of the %s images, one of them %s", n.part, n.images)
		}
		if *parts[n.part], err = r.split(images, labels); err != nil {
			return err
		}
	}
	if r.set.Train.Len() == 0 && r.set.Test.Len() == 0 {
		return r.bad("", wantArrays, "has none of the arrays that are read but %s", first(there))
	}
	return r.numbered()
}

// numbered names the classes by their numbers.
func (r *reader) numbered() error {
	most := int32(0)
	for _, s := range []*dataset.Split{&r.set.Train, &r.set.Valid, &r.set.Test} {
		for _, label := range s.Labels {
			most = max(most, label)
		}
	}
	if most == 0 || most >= maxClasses {
		return r.bad("", "labels must be numbers from 0 on", "has labels up to %d, not to at least 1 and below %d", most, maxClasses)
	}
	for i := range most + 1 {
		r.set.Classes = append(r.set.Classes, strconv.Itoa(int(i)))
	}
	return nil
}

// placed names the file of an error about its content.
func (r *reader) placed(err error) error {
	if bad := (*artifact.FormatError)(nil); errors.As(err, &bad) && bad.Path == "" {
		bad.Path = r.path
	}
	return err
}

// split makes a part of an array of images and one of labels. Images are bytes,
// N×H×W×3, N×H×W×1, N×H×W, N×3×H×W, or N×3072 in planes as CIFAR has them.
func (r *reader) split(images, labels artifact.Tensor) (s dataset.Split, err error) {
	field := fmt.Sprintf("array %q", images.Name)
	if images.DType != artifact.U8 {
		return s, r.bad(field, "save (255*x).round().astype('uint8') of pixels from 0 to 1", "is of type %s, not U8", images.DType)
	}
	shape := images.Shape
	if len(shape) == 0 || shape[0] == 0 || shape[0] > maxImages {
		return s, r.bad(field, "", "of shape %v is no array of 1 to %d images", shape, maxImages)
	}
	var h, w, channels int
	planes := false
	switch {
	case len(shape) == 4 && (shape[3] == 3 || shape[3] == 1):
		h, w, channels = shape[1], shape[2], shape[3]
	case len(shape) == 4 && (shape[1] == 3 || shape[1] == 1):
		h, w, channels, planes = shape[2], shape[3], shape[1], true
	case len(shape) == 3:
		h, w, channels = shape[1], shape[2], 1
	case len(shape) == 2 && shape[1] == pixels:
		h, w, channels, planes = size, size, 3, true
	default:
		return s, r.bad(field, "", "has the shape %v, not N×H×W×3, N×H×W×1, N×H×W, N×3×H×W or N×3072", shape)
	}
	if h < 1 || w < 1 || h > maxSide || w > maxSide {
		return s, r.bad(field, "", "has the shape %v", shape)
	}
	n := shape[0]
	if s.Labels, err = r.labels(labels, n); err != nil {
		return s, err
	}
	s.Pixels = make([]byte, 0, n*pixels)
	for i := range n {
		p := &picture{h, w, rgb(images.Data[i*h*w*channels:][:h*w*channels], h*w, channels, planes)}
		fit, err := p.fit(r.o.Resize)
		if err != nil {
			return s, r.badSize(field, p, err)
		}
		s.Pixels = append(s.Pixels, fit...)
		if r.o.Progress != nil && i%1000 == 0 {
			r.o.Progress(int64(i), int64(n))
		}
	}
	return s, nil
}

// rgb gives three channels beside each other of one, or of planes.
func rgb(data []byte, area, channels int, planes bool) []byte {
	if channels == 3 && !planes {
		return data
	}
	to := make([]byte, 0, 3*area)
	for i := range area {
		for c := range 3 {
			to = append(to, data[min(c, channels-1)*area+i])
		}
	}
	return to
}

// labels reads n labels, whole numbers from 0 on, N or N×1.
func (r *reader) labels(t artifact.Tensor, n int) ([]int32, error) {
	field := fmt.Sprintf("array %q", t.Name)
	if t.Len() != n || len(t.Shape) == 0 || t.Shape[0] != n {
		return nil, r.bad(field, "", "has the shape %v, not a label for each of %d images", t.Shape, n)
	}
	labels := make([]int32, n)
	width := t.DType.Size()
	switch t.DType {
	case artifact.U8, artifact.I8, artifact.U16, artifact.I16, artifact.I32, artifact.U32, artifact.I64, artifact.U64:
	default:
		return nil, r.bad(field, "save them as int64", "is of type %s, not of whole numbers", t.DType)
	}
	for i := range labels {
		var v uint64
		for j := range width {
			v |= uint64(t.Data[i*width+j]) << (8 * j)
		}
		if v >= maxClasses { // a negative number too
			return nil, r.bad(field, "number the classes from 0 on", "label %d is not from 0 to %d", i, maxClasses-1)
		}
		labels[i] = int32(v)
	}
	return labels, nil
}

// cifar101 reads CIFAR-10.1 (Recht et al. 2018), test images of CIFAR-10's
// classes: cifar10.1_v6_data.npy, of which v6 may be v4, and the labels beside
// it; or the folder of them.
func (r *reader) cifar101() error {
	data := r.path
	info, err := os.Stat(data)
	if err != nil {
		return err
	}
	if info.IsDir() {
		data = filepath.Join(r.path, "cifar10.1_v6_data.npy")
		if _, err := os.Stat(data); err != nil {
			return r.bad("", "give the folder of cifar10.1_v6_data.npy and cifar10.1_v6_labels.npy, or the former", "has no cifar10.1_v6_data.npy")
		}
	}
	folder, name := filepath.Split(data)
	if !strings.Contains(name, "data") {
		return r.bad("", "give cifar10.1_v6_data.npy, with cifar10.1_v6_labels.npy beside it", "has a name without data, so that its labels' file has none")
	}
	both := make([]artifact.Tensor, 2)
	manifest := sha256.New()
	for i, path := range []string{data, filepath.Join(folder, strings.Replace(name, "data", "labels", 1))} {
		var sum string
		if both[i], sum, err = r.array(path); err != nil {
			return err
		}
		fmt.Fprintf(manifest, "%s  %s\n", sum, filepath.Base(path))
	}
	r.set.Source.SHA256 = hex.EncodeToString(manifest.Sum(nil))
	if r.set.Test, err = r.split(both[0], both[1]); err != nil {
		return err
	}
	if n := r.set.Test.Len(); n != 2000 && n != 2021 { // v6 and v4
		if !r.o.AllowPartial {
			return &PartialError{r.bad("", "get it again", "has %d images, not the 2000 of CIFAR-10.1 v6 or the 2021 of v4", n)}
		}
		r.note("%d images, not the 2000 of CIFAR-10.1 v6 or the 2021 of v4", n)
	}
	for i, label := range r.set.Test.Labels {
		if label > 9 {
			return r.bad("", "get it again", "label %d is %d, not 0 to 9", i, label)
		}
	}
	return nil
}

// array reads a .npy file, with its SHA-256.
func (r *reader) array(path string) (t artifact.Tensor, sum string, err error) {
	in, err := artifact.Open(path, artifact.Limits{})
	if err != nil {
		return t, "", err
	}
	defer in.Close()
	b, sum, err := in.Bytes()
	if err != nil {
		return t, "", err
	}
	t, err = npy.Read(bytes.NewReader(b), filepath.Base(path), maxImages*pixels)
	return t, sum, r.placed(err)
}
