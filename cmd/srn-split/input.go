package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/cifar"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/imageset"
)

// input is a data set as read.
type input struct {
	data       *dataset.Data
	source     cifar.Source  // empty where nothing was read
	validation int           // of the last training images, which the data set has for validation
	train      *dataset.Data // where the training images come from, or nil
}

// progress shows a bar of what is read.
func progress(ctx *cli.Context, what string, unit uint) (update func(done, total int64), end func()) {
	var bar *cli.Bar
	return func(done, total int64) {
		if bar == nil {
			bar = ctx.Progress(total>>unit, what)
		}
		bar.Set(done >> unit)
	}, func() { bar.Done() }
}

// tell says what is known of a source.
func (s *split) tell(ctx *cli.Context, source cifar.Source) {
	if source.Verified != "" {
		ctx.Logf("%s: verified, the official %s", s.Data, source.Verified)
	}
	if len(source.Notes) > 0 {
		ctx.Logf("note: %s: %s", s.Data, strings.Join(source.Notes, "; "))
	}
}

// readCIFAR reads an archive or folder of CIFAR and says what it is.
func (s *split) readCIFAR(ctx *cli.Context) (*input, error) {
	update, end := progress(ctx, "reading (MiB)", 20)
	set, err := cifar.Read(s.Data, cifar.Options{Dataset: s.Dataset, AllowPartial: s.AllowPartial, Progress: update})
	end()
	if err != nil {
		if kind := imageset.Looks(s.Data); kind != "" {
			err = cli.WithHint(err, "for what is there, choose --dataset "+kind)
		}
		return nil, err
	}
	s.tell(ctx, set.Source)
	return &input{source: set.Source, data: &dataset.Data{
		Name:          set.Name,
		Classes:       set.Classes,
		CoarseClasses: set.CoarseClasses,
		Train:         dataset.Split(set.Train),
		Test:          dataset.Split(set.Test),
		SourceSHA256:  set.Source.SHA256,
	}}, nil
}

// readImages reads a folder or arrays of images.
func (s *split) readImages(ctx *cli.Context) (*input, error) {
	update, end := progress(ctx, "reading images", 0)
	o := imageset.Options{Kind: s.Dataset, AllowPartial: s.AllowPartial, Progress: update}
	if s.Resize != "none" {
		o.Resize = imageset.Resize(s.Resize)
	}
	set, err := imageset.Read(s.Data, o)
	end()
	if err != nil {
		return nil, s.hinted(err)
	}
	s.tell(ctx, set.Source)
	in := &input{source: set.Source, data: set.Data(), validation: set.Valid.Len()}
	d := in.data
	bad := func(problem, hint string) error {
		return cli.WithHint(&artifact.FormatError{Path: s.Data, Problem: problem}, hint)
	}
	switch {
	case s.Train != "":
		if in.train, err = dataset.Load(s.Train); err != nil {
			return nil, err
		}
		if d.Test.Len() == 0 { // arrays or folders without parts are taken for training
			d.Test, d.Train = d.Train, dataset.Split{}
		}
		if d.Train.Len() > 0 {
			return nil, bad("has training images of its own", "leave --train out")
		}
		if len(d.Classes) > len(in.train.Classes) || s.Dataset == imageset.Folder && !slices.Equal(d.Classes, in.train.Classes) {
			return nil, bad("has other classes than "+s.Train, "give --train an artifact of the same classes")
		}
	case d.Train.Len() == 0:
		return nil, bad("has no training images", "give them, or the dataset file that has them by --train")
	case d.Test.Len() > 0 && s.TestFraction > 0:
		return nil, bad("has test images of its own", "leave --test-fraction out")
	case d.Test.Len() == 0 && s.TestFraction == 0:
		return nil, bad("has no test images", "give --test-fraction 0.1 to take a tenth of each class, or --train for test images alone")
	case s.TestFraction > 0:
		if in.validation > 0 {
			return nil, bad("has images for validation but none for testing", "call their folder or arrays test, or leave them out")
		}
		d.TakeTest(s.TestFraction, s.Seed)
		if d.Test.Len() == 0 || d.Train.Len() == 0 {
			return nil, bad(fmt.Sprintf("of its images the share leaves %d for training and %d for testing", d.Train.Len(), d.Test.Len()), "give another --test-fraction")
		}
	}
	return in, nil
}

// hinted adds the flags that would settle an error of reading images.
func (s *split) hinted(err error) error {
	var size *imageset.SizeError
	var partial *imageset.PartialError
	switch {
	case errors.As(err, &size):
		return cli.WithHint(err, "give --resize "+string(size.Mend)+" to make it 32×32")
	case errors.As(err, &partial):
		return cli.WithHint(err, "accept what is there with --allow-partial")
	}
	return err
}
