package measure

import (
	"context"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// Point is an evaluation point: a network in the state of a checkpoint, with
// the images and the loss. Its surface and its Hessians share the network: a
// pass of one undoes what the other has loaded, so that a Hessian is made after
// the last pass of the surface.
type Point struct {
	Series     *Series
	Checkpoint *checkpoint.Checkpoint
	Net        *resnet.Net
	Examples   []int32
	Mode       nn.Mode
	Batch      int // images of a pass

	surface *landscape.Surface
	bar     Progress
	warm    bool // an eigenvector of the checkpoint before was used
}

// Point puts the network where a checkpoint is.
func (s *Series) Point(c *checkpoint.Checkpoint) (*Point, error) {
	config := s.Measurement.Network()
	config.Batch = s.loss.pass(c, len(s.examples), config.Tangents)
	net, err := s.Net(c, config)
	if err != nil {
		return nil, err
	}
	return &Point{Series: s, Checkpoint: c, Net: net, Examples: s.examples, Mode: s.loss.mode(), Batch: config.Batch,
		bar: s.progress(-1, Label(c.Path))}, nil
}

// Close ends the display of progress.
func (p *Point) Close() { p.bar.Done() }

// tick moves the display and ends the work where the context has ended.
func (p *Point) tick(ctx context.Context) func(images int) error {
	return func(images int) error {
		p.bar.Add(images)
		return stopped(ctx)
	}
}

// Surface is the mean cross-entropy as a function of the parameters.
func (p *Point) Surface(ctx context.Context) *landscape.Surface {
	if p.surface == nil {
		s := p.Series
		p.surface = landscape.NewSurface(p.Net, s.Images(p.Checkpoint), s.Split.Labels, p.Examples, p.Mode)
	}
	p.surface.OnBatch = p.tick(ctx)
	return p.surface
}

// Gradient is that of the loss, with the loss.
func (p *Point) Gradient(ctx context.Context) (landscape.Point, []float32, error) {
	surface := p.Surface(ctx)
	g := make([]float32, surface.Dim())
	point, err := surface.Gradient(g)
	return point, g, err
}

// Hessian is that of the mean cross-entropy.
func (p *Point) Hessian(ctx context.Context) (*curvature.Hessian, error) {
	return p.hessian(ctx, p.crossEntropy())
}

func (p *Point) crossEntropy() *curvature.CrossEntropy {
	return curvature.NewCrossEntropy(p.Net, p.Series.Images(p.Checkpoint), p.Series.Split.Labels, p.Mode)
}

func (p *Point) margin(tau float64) (*curvature.Margin, error) {
	return curvature.NewMargin(p.Net, p.Series.Images(p.Checkpoint), p.Series.Split.Labels, p.Mode, tau)
}

func (p *Point) hessian(ctx context.Context, loss curvature.Loss) (*curvature.Hessian, error) {
	h, err := curvature.NewHessian(loss, p.Examples)
	if err != nil {
		return nil, err
	}
	h.OnBatch = p.tick(ctx)
	return h, nil
}

// subject and lossAt are what every record of the point says of it.
func (p *Point) subject() record.Subject {
	return p.Series.Subject(p.Checkpoint, len(p.Examples))
}

func (p *Point) lossAt(value float64) record.LossAt {
	return record.LossAt{LossConfig: p.Series.loss.record(p.Series.subset, p.Batch), Loss: value}
}

// label is the checkpoint's name in messages.
func (p *Point) label() string { return Label(p.Checkpoint.Path) }
