package imageset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
)

// Severities is how many there are of each corruption in CIFAR-10-C and
// CIFAR-100-C (Hendrycks & Dietterich 2019).
const Severities = 5

// corruptedLabels is the file of the labels of every corruption.
const corruptedLabels = "labels.npy"

// Corruptions lists the files of a folder of CIFAR-10-C or CIFAR-100-C, each
// NAME.npy, by the names of the corruptions.
func Corruptions(folder string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	r := &reader{path: folder}
	labels := false
	for _, e := range entries {
		switch name, ok := strings.CutSuffix(e.Name(), ".npy"); {
		case e.Name() == corruptedLabels:
			labels = true
		case ok && !e.IsDir():
			names = append(names, name)
		}
	}
	if !labels || len(names) == 0 {
		return nil, r.bad("", "give the folder of CIFAR-10-C's files", "has no %s beside the images of a corruption, NAME.npy", corruptedLabels)
	}
	slices.Sort(names)
	return names, nil
}

// CorruptionPath is a corruption's file.
func CorruptionPath(folder, name string) string { return filepath.Join(folder, name+".npy") }

// CorruptionLabels is the file of their labels.
func CorruptionLabels(folder string) string { return filepath.Join(folder, corruptedLabels) }

// Corrupted reads the images of a corruption, those of severity 1 first, as
// many of each, with their labels of so many classes.
func Corrupted(folder, name string, classes int) (s dataset.Split, err error) {
	r := &reader{path: CorruptionPath(folder, name)}
	images, _, err := r.array(r.path)
	if err != nil {
		return s, err
	}
	labels := &reader{path: CorruptionLabels(folder)}
	y, _, err := labels.array(labels.path)
	if err != nil {
		return s, err
	}
	if s, err = r.split(images, y); err != nil {
		return s, err
	}
	if s.Len()%Severities != 0 {
		return s, r.bad("", "", "has %d images, not as many of each of %d severities", s.Len(), Severities)
	}
	for i, label := range s.Labels {
		if int(label) >= classes {
			return s, &artifact.FormatError{Path: labels.path, Problem: fmt.Sprintf("label %d is %d, not 0 to %d", i, label, classes-1),
				Mend: "give the data set that the files are of", Setting: "data"}
		}
	}
	return s, nil
}

// Severity lists the images of a severity, from 1, of a corruption.
func Severity(s *dataset.Split, severity int) []int32 {
	n := s.Len() / Severities
	return s.Indices()[(severity-1)*n : severity*n]
}
