package main

import (
	"fmt"
	"strings"

	"srn/pkg/train"
)

const (
	// weakGuidance is the share of the task gradient below which guidance has
	// not been seen to matter; weight decay of 5e-4 makes about ten times as much.
	weakGuidance = 1e-3
	// weakTeacher is the root mean square by which a teacher has to have moved the
	// matrix of its loss, whose entries begin at 0 and 1, to be said to have.
	weakTeacher = 1e-2
)

// weakness says of an epoch that what the method adds is too small to matter,
// and why; "" where it is not.
func weakness(e train.Epoch, epochs int) string {
	f := e.Figures
	if f.GuidanceRatio != nil && *f.GuidanceRatio < weakGuidance {
		s := fmt.Sprintf("the guidance's norm is %.1e of the task gradient's", *f.GuidanceRatio)
		if f.GradRNorm != nil && *f.GradRNorm == 0 {
			return s + fmt.Sprintf(": ∇r is 0, since r is held at its ceiling of %.4g; no --lambda-srn or --guidance-ratio changes that, a surrogate with --clamp soft or a higher --r-max of srn-meta does", *f.R)
		}
		return s + ": small beside it; --guidance-ratio sets it"
	}
	for figure, drift := range f.Own {
		if !strings.HasSuffix(figure, ".w_drift") || drift >= weakTeacher || e.Epoch < epochs {
			continue
		}
		return fmt.Sprintf("the teacher has moved the matrix of its loss by %.1e (root mean square) in all: the loss is all but the one that it began with; --describe says what sets its pace", drift)
	}
	return ""
}
