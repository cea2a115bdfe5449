package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/evaluate"
	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// DivergedError says that a step met or made NaN or Inf.
type DivergedError struct {
	What        string // the numbers that are not finite, such as "loss or gradient"
	Epoch, Step int
	LastGood    string // checkpoint or state, "" if there is none
}

func (e *DivergedError) Error() string {
	s := fmt.Sprintf("diverged: %s not finite in epoch %d, step %d", e.What, e.Epoch, e.Step)
	if e.LastGood != "" {
		s += "; the last good parameters are in " + e.LastGood
	}
	return s
}

// ExitCode is the exit status of a diverged run.
func (e *DivergedError) ExitCode() int { return 4 }

// DeviceError says that the device failed during a run. What is saved is intact.
type DeviceError struct {
	Epoch, Step int
	LastGood    string // checkpoint or state, "" if there is none
	Resumable   bool   // it is a state
	Failure     *device.Failure
}

func (e *DeviceError) Error() string {
	s := fmt.Sprintf("%v, noticed in epoch %d, step %d", e.Failure, e.Epoch, e.Step)
	if e.LastGood != "" {
		s += "; the last good parameters are in " + e.LastGood
	}
	return s
}

func (e *DeviceError) Unwrap() error { return e.Failure }

// Run is one training run.
type Run struct {
	Config    Config
	Data      *dataset.Data
	Net       *resnet.Net
	Method    method.Method
	Files     run.Files              // the output is a checkpoint
	Records   *artifact.RecordWriter // nil: none
	From      *checkpoint.Checkpoint // to start from; nil: initialised by the seed
	Meta      checkpoint.Meta        // of the checkpoints; epoch and completeness are filled in
	Progress  func(epoch, image int) // told after each step
	EpochDone func(Epoch)
	Shadow    *Run      // takes sampled steps too, on plain Go kernels; nil: none
	Agreement Agreement // of the run with its shadow
	Final     string    // SHA-256 of the checkpoint, once it is written

	be      device.Backend
	sampler *dataset.Sampler
	batches *dataset.Batches
	test    *evaluate.Evaluator
	descent *descent

	// The state between steps.
	epoch   int // being trained, from 1
	step    int // next step of it
	tally   *tally
	records int // written so far

	statePath string // "" where the output can have none
	lastGood  string // file of the latest saved parameters

	// Scratch.
	picks    []device.Pick
	thisStep method.Step
}

// Epoch is the record of an epoch. Wall times are left out of whatever is
// compared or hashed.
type Epoch struct {
	Epoch     int
	TrainLoss float64
	TrainTop1 float64
	LR        float64
	GradNorm  float64 // mean over steps of ‖gradient descended‖
	ThetaNorm float64
	Figures   record.Figures // the method's
	Test      *evaluate.Result
	Seconds   float64 // of training alone
	Images    int     // trained on in these seconds
}

// record is the record of an epoch.
func (e Epoch) record(c Config) record.Epoch {
	r := record.Epoch{
		Network: c.Network, Training: c.Training, Epoch: e.Epoch,
		TrainLoss: e.TrainLoss, TrainTop1: e.TrainTop1, EpochLR: e.LR, GradNorm: e.GradNorm, ThetaNorm: e.ThetaNorm,
		Figures: e.Figures, EpochSeconds: e.Seconds, ImagesPerSecond: float64(e.Images) / e.Seconds,
	}
	if t := e.Test; t != nil {
		r.TestTop1, r.TestTop5, r.TestLoss, r.TestECE = &t.Top1, &t.Top5, &t.Loss, &t.ECE
	}
	return r
}

// Prepare plans the run and initialises the network. Restore may follow.
func (r *Run) Prepare() error {
	r.be = r.Net.Backend()
	split, indices, err := r.Data.Select(r.Config.TrainSplit)
	if err != nil {
		return err
	}
	r.sampler = dataset.NewSampler(indices, r.Config.BatchSize, uint64(r.Config.Seed), r.Config.Augmentation())
	source := r.Data.Images(split)
	r.batches = dataset.NewBatches(r.Net, source, split.Labels)
	if r.Config.EvalEvery > 0 {
		r.test = evaluate.New(r.Net, r.Data.Images(&r.Data.Test), r.Data.Test.Labels, r.Data.Test.Indices())
	}
	r.descent = newDescent(r)
	r.tally = newTally(r)
	r.thisStep = method.Step{Source: source, Steps: r.Config.Epochs * r.sampler.Steps(), MaxLR: r.Config.LR, Velocity: r.descent.velocity}
	if r.From != nil {
		r.From.Apply(r.Net)
	} else {
		r.Net.Init(uint64(r.Config.Seed))
	}
	r.descent.begin()
	r.epoch = 1
	return nil
}

// Train runs what is left of the run, and writes its checkpoint. When ctx is
// over it stops after the step at hand with a [*run.InterruptedError].
func (r *Run) Train(ctx context.Context) (err error) {
	defer func() {
		if f := device.Recover(recover()); f != nil {
			err = &DeviceError{Epoch: r.epoch, Step: r.step + 1, LastGood: r.lastGood, Resumable: r.lastGood != "" && r.lastGood == r.statePath, Failure: f}
		}
	}()
	for ; r.epoch <= r.Config.Epochs; r.epoch, r.step = r.epoch+1, 0 {
		if err := r.trainEpoch(ctx); err != nil {
			return err
		}
		if r.epoch == r.Config.Epochs {
			break
		}
		if err := r.saveState(r.epoch+1, 0); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return &run.InterruptedError{At: fmt.Sprintf("after epoch %d of %d", r.epoch, r.Config.Epochs), Saved: r.statePath}
		}
	}
	if err := r.endRecords(); err != nil {
		return err
	}
	final := r.checkpoint(r.Config.Epochs)
	if err := final.Save(r.Files.Output); err != nil {
		return err
	}
	r.Final = final.SHA256
	return run.RemoveState(r.statePath)
}

// endRecords names the checkpoint that the run is about to write, by its
// hash, and ends the records: whatever remains after a crash from here on is
// the checkpoint, which resuming writes again.
func (r *Run) endRecords() error {
	if r.Records == nil {
		return nil
	}
	f, err := r.checkpoint(r.Config.Epochs).File()
	if err != nil {
		return err
	}
	if err := artifact.Encode(io.Discard, f); err != nil {
		return err
	}
	final := record.Final{Network: r.Config.Network, Training: r.Config.Training, Epoch: r.Config.Epochs, CheckpointSHA256: f.SHA256}
	return errors.Join(r.Records.Write(final), r.Records.End(record.OK))
}

// trainEpoch runs the rest of the epoch at hand and records it.
func (r *Run) trainEpoch(ctx context.Context) error {
	start, startStep := time.Now(), r.step
	lr := 0.0
	for steps := r.sampler.Steps(); r.step < steps; {
		lr = r.Config.StepRate(r.epoch, r.step, steps)
		if err := r.checkedStep(float32(lr)); err != nil {
			return err
		}
		r.step++
		if r.Progress != nil {
			r.Progress(r.epoch, int(r.tally.images))
		}
		if r.step < steps && ctx.Err() != nil {
			if err := r.saveState(r.epoch, r.step); err != nil {
				return err
			}
			return &run.InterruptedError{At: fmt.Sprintf("in epoch %d of %d", r.epoch, r.Config.Epochs), Saved: r.statePath}
		}
	}
	sums, fault, found := r.tally.Read()
	if found {
		return r.faulty(fault)
	}
	e := Epoch{
		Epoch:     r.epoch,
		TrainLoss: sums.Loss / r.tally.images,
		TrainTop1: sums.Correct / r.tally.images,
		LR:        float64(float32(lr)),
		GradNorm:  sums.GradNorm / r.tally.steps,
		ThetaNorm: math.Sqrt(r.be.Dot(r.Net.Params(), r.Net.Params())),
		Figures:   r.Method.Report(),
		Seconds:   time.Since(start).Seconds(),
		Images:    r.sampler.Len() - startStep*r.Config.BatchSize,
	}
	r.tally.clear()
	if r.test != nil && (r.epoch%r.Config.EvalEvery == 0 || r.epoch == r.Config.Epochs) {
		restore := r.kept()
		result, err := r.test.Run()
		restore()
		if errors.Is(err, evaluate.ErrNotFinite) {
			return r.diverged("logits of the test images are", r.epoch, r.step)
		}
		if err != nil {
			return fmt.Errorf("after epoch %d: %w", r.epoch, err)
		}
		e.Test = &result
	}
	return r.record(e)
}

// record writes an epoch's record and, when it is due, its checkpoint.
func (r *Run) record(e Epoch) error {
	if r.Records != nil {
		if err := errors.Join(r.Records.Write(e.record(r.Config)), r.Records.Flush()); err != nil {
			return err
		}
		r.records++
	}
	if r.Config.checkpoints(e.Epoch) {
		path := filepath.Join(r.Files.Series.Folder, checkpointName(e.Epoch))
		if err := r.checkpoint(e.Epoch).Save(path); err != nil {
			return err
		}
		r.lastGood = path
	}
	if r.EpochDone != nil {
		r.EpochDone(e)
	}
	return nil
}

// trainStep takes one step of gradient descent.
func (r *Run) trainStep(lr float32) error {
	r.picks = r.sampler.Batch(r.epoch, r.step, r.picks)
	n := len(r.picks)
	r.tally.begin(r.be, r.batches.LoadPicks(r.picks))
	r.batches.WriteTargets()

	r.thisStep.Number = (r.epoch-1)*r.sampler.Steps() + r.step
	r.thisStep.Images, r.thisStep.Picks, r.thisStep.LR = n, r.picks, r.Config.StepRate(r.epoch, r.step, r.sampler.Steps())
	if err := r.Method.Gradient(&r.thisStep); err != nil {
		return err
	}
	r.descent.step(lr)
	r.Net.Load()
	// A finite gradient can make parameters that are not, and batch
	// normalisation hides variances that are not: neither may be saved.
	r.tally.add(r.thisStep.Number+1, n)
	if fault, found := r.tally.Fault(); found {
		return r.faulty(fault)
	}
	r.descent.follow()
	return nil
}

// faulty is the error of a fault, which may be of an earlier step than the
// one at hand.
func (r *Run) faulty(f device.Fault) error {
	steps := r.sampler.Steps()
	return r.diverged(made(f), (f.Step-1)/steps+1, (f.Step-1)%steps+1)
}

func (r *Run) diverged(what string, epoch, step int) error {
	return &DivergedError{What: what, Epoch: epoch, Step: step, LastGood: r.lastGood}
}

// kept puts into the network what is evaluated and kept: the averages, where
// there are any, as the method has the network compute with them. It returns
// what puts back what is trained.
func (r *Run) kept() (restore func()) {
	outer := r.descent.averaged()
	inner := r.Method.Effective()
	return func() {
		inner()
		outer()
	}
}

// checkpoint is the network after an epoch.
func (r *Run) checkpoint(epoch int) *checkpoint.Checkpoint {
	meta := r.Meta
	meta.Epoch, meta.Complete = epoch, epoch == r.Config.Epochs
	defer r.kept()()
	return checkpoint.FromNet(r.Net, meta)
}
