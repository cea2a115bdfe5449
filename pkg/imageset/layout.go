package imageset

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"srn/pkg/dataset"
)

// partNames are how folders of the parts are called.
var partNames = map[string]string{
	"train": "train", "training": "train", "test": "test", "testing": "test",
	"valid": "valid", "val": "valid", "validation": "valid",
}

// part is a part of the data set: its images by index, with their labels.
type part struct {
	to     *dataset.Split
	files  []int
	labels []int32
}

const maxClasses = 10_000

// layout finds the classes and parts by the paths of the images: PART/CLASS/…,
// or CLASS/… alone, below any folders that all have in common. All images of a
// set without parts are training images.
func (r *reader) layout(files []file) ([]string, []*part, error) {
	const want = "give a folder with train and test, in each of which there is a folder of images for every class, or with a folder for every class"
	depth := common(files)
	train, valid, test := &part{to: &r.set.Train}, &part{to: &r.set.Valid}, &part{to: &r.set.Test}
	byName := map[string]*part{"train": train, "valid": valid, "test": test}
	parted := len(files) > 0
	for _, f := range files {
		_, known := partNames[strings.ToLower(at(f, depth))]
		parted = parted && known && len(f.parts) > depth+1
	}
	if !parted {
		// A folder of one part alone has been taken for common.
		if depth > 0 && partNames[strings.ToLower(files[0].parts[depth-1])] != "" {
			depth, parted = depth-1, true
		}
	}
	var names []string
	place := depth
	if parted {
		place++
	}
	for _, f := range files {
		if len(f.parts) <= place+1 {
			return nil, nil, r.bad(f.path(), want, "is in no folder of a class")
		}
		names = append(names, f.parts[place])
	}
	classes := slices.Compact(slices.Sorted(slices.Values(names)))
	if len(classes) < 2 || len(classes) > maxClasses {
		return nil, nil, r.bad("", want, "has images in %d folders of classes (%s), not 2 to %d", len(classes), first(classes), maxClasses)
	}
	for _, c := range classes {
		if len(c) > 100 || !utf8.ValidString(c) || strings.ContainsFunc(c, unicode.IsControl) {
			return nil, nil, r.bad(c, "call it otherwise", "is no name for a class: too long or no text")
		}
	}
	for i, f := range files {
		p := train
		if parted {
			p = byName[partNames[strings.ToLower(f.parts[depth])]]
		}
		label, _ := slices.BinarySearch(classes, f.parts[place])
		p.files = append(p.files, i)
		p.labels = append(p.labels, int32(label))
	}
	if parted {
		for name, p := range byName {
			if err := r.checkPart(name, p, classes); err != nil {
				return nil, nil, err
			}
		}
	}
	return classes, []*part{train, valid, test}, nil
}

// checkPart refuses a part without images of a class: its folders are of other
// names, which would make two classes of one.
func (r *reader) checkPart(name string, p *part, classes []string) error {
	if len(p.files) == 0 {
		return nil // it is not there
	}
	seen := make([]bool, len(classes))
	for _, label := range p.labels {
		seen[label] = true
	}
	if i := slices.Index(seen, false); i >= 0 {
		return r.bad("", "every part must have a folder of the same name for every class", "has no images of %q in %s", classes[i], name)
	}
	return nil
}

// common is how many folders all paths begin with.
func common(files []file) int {
	for depth := 0; ; depth++ {
		for _, f := range files {
			if len(f.parts) <= depth+1 || f.parts[depth] != files[0].parts[depth] {
				return depth
			}
		}
	}
}

func at(f file, depth int) string {
	if depth < len(f.parts) {
		return f.parts[depth]
	}
	return ""
}

func first(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// checkCINIC10 checks the classes and numbers of CINIC-10 (Darlow et al. 2018):
// 9,000 images of each of CIFAR-10's classes in each of three parts.
func (r *reader) checkCINIC10() error {
	want := strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")
	if !slices.Equal(r.set.Classes, want) {
		return r.bad("", "give the folder CINIC-10, which has train, valid and test", "has the classes %s, not CINIC-10's %s", first(r.set.Classes), first(want))
	}
	for _, p := range []struct {
		name string
		n    int
	}{{"train", r.set.Train.Len()}, {"valid", r.set.Valid.Len()}, {"test", r.set.Test.Len()}} {
		if p.n == 90_000 {
			continue
		}
		if !r.o.AllowPartial {
			return &PartialError{r.bad(p.name, "get it again", "has %d images, not the 90000 of CINIC-10", p.n)}
		}
		r.note("%d images in %s, not the 90000 of CINIC-10", p.n, p.name)
	}
	return nil
}

// PartialError is a FormatError about a number of images, which may be
// accepted.
type PartialError struct{ Err error }

func (e *PartialError) Error() string { return e.Err.Error() }
func (e *PartialError) Unwrap() error { return e.Err }
