package main

import (
	"context"
	"errors"
	"path/filepath"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/resnet"
	lifecycle "srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
	"srn/pkg/train"
)

// stepper is a training run as srn-fit makes it, held between steps.
type stepper struct {
	net    *resnet.Net
	tokens chan int      // steps to take, 0 to stop
	idle   chan struct{} // they have been taken
	ended  chan error
}

// fitting says what a stepper trains.
type fitting struct {
	arch   string
	method string
	every  int // refresh interval of the guidance, for methods that need a surrogate
	// refresh is the guidance's: whole if empty.
	refresh string
	batch   int
}

// newStepper prepares a run whose files go to dir.
func newStepper(be device.Backend, data *dataset.Data, dir string, f fitting) (*stepper, error) {
	info, err := method.Find(f.method)
	if err != nil {
		return nil, err
	}
	needs := info.Needs(method.Settings{})
	net, err := resnet.New(be, resnet.Config{Arch: f.arch, Classes: len(data.Classes), Batch: needs.Copies * f.batch,
		Tangents: needs.Tangents, InputGrad: needs.InputGrad, FeatureMask: needs.FeatureMask})
	if err != nil {
		return nil, err
	}
	options := method.Options{Net: net, Mean: data.Mean, Std: data.Std}
	if info.Validation {
		options.Validation = &method.Validation{Images: data.Images(&data.Train), Labels: data.Train.Labels, Indices: data.MetaVal}
	}
	if info.Surrogate {
		options.Guidance = guidance.DefaultOptions()
		options.Guidance.Every, options.Guidance.Refresh = f.every, f.refresh
		if options.Surrogate, err = newSurrogate(be, net); err != nil {
			return nil, err
		}
	}
	m, err := info.New(options)
	if err != nil {
		return nil, err
	}
	s := &stepper{net: net, tokens: make(chan int), idle: make(chan struct{}), ended: make(chan error, 1)}
	left := 0
	ctx, stop := context.WithCancel(context.Background())
	training := &train.Run{
		Config: train.Config{Fit: record.Fit{Network: record.Network{Arch: f.arch, Classes: len(data.Classes)}, Training: record.Training{
			Data: record.Data{Dataset: data.Name, TrainSplit: "train"}, Method: f.method,
			Epochs: 200, BatchSize: f.batch, LR: 0.06, Schedule: "cosine", Momentum: 0.9, Augment: "crop-flip"}}},
		Data: data, Net: net, Method: m, Files: lifecycle.Files{Output: filepath.Join(dir, "run.safetensors")},
	}
	training.Progress = func(int, int) {
		if left--; left == 0 {
			be.Wait()
			s.idle <- struct{}{}
			left = <-s.tokens
			if left == 0 {
				stop()
			}
		}
	}
	if err := training.Prepare(); err != nil {
		return nil, err
	}
	go func() {
		if left = <-s.tokens; left > 0 {
			s.ended <- training.Train(ctx)
		} else {
			s.ended <- context.Canceled
		}
	}()
	return s, nil
}

// newSurrogate is an untrained surrogate with the default choices.
func newSurrogate(be device.Backend, net *resnet.Net) (*surrogate.Scorer, error) {
	s, err := surrogate.NewScorer(be, surrogate.DefaultConfig(), net.Layout())
	if err != nil {
		return nil, err
	}
	s.Init(0)
	return s, nil
}

// steps takes n steps and returns when they are done.
func (s *stepper) steps(n int) error {
	select {
	case s.tokens <- n:
	case err := <-s.ended:
		return s.endedEarly(err)
	}
	select {
	case <-s.idle:
		return nil
	case err := <-s.ended:
		return s.endedEarly(err)
	}
}

func (s *stepper) endedEarly(err error) error {
	s.ended <- err
	return errors.Join(errors.New("the training run ended"), err)
}

// contender takes the given number of steps a call.
func (s *stepper) contender(steps int) *contender {
	return &contender{run: func(calls int) (span, error) { return timed(func() error { return s.steps(calls * steps) }) }}
}

// close stops the run. It has no steps under way.
func (s *stepper) close() error {
	select {
	case s.tokens <- 0:
	case err := <-s.ended:
		return err
	}
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
