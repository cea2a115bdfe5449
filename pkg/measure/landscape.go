package measure

import (
	"context"
	"iter"
	"math"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Landscape evaluates loss and accuracy on lines and planes through a
// checkpoint's parameters.
type Landscape struct {
	Loss
	Eigen
	X            *landscape.Axis `name:"x" placeholder:"MIN:MAX:STEPS" help:"Coordinates along the first direction, written with an equals sign (default: --x=-1:1:51, to another checkpoint --x=0:1:51)."`
	Y            *landscape.Axis `name:"y" placeholder:"MIN:MAX:STEPS" help:"Coordinates along the second direction, for a plane (default: a line)."`
	To           string          `record:"-" placeholder:"FILE" xor:"along" help:"The line to this checkpoint: 0 is the one examined, 1 this."`
	Eigenvectors bool            `name:"eigen" xor:"along" help:"Along the eigenvectors of the largest eigenvalues, computed for each checkpoint; coordinates are distances."`
	Vectors      string          `record:"-" placeholder:"FILE" xor:"along" help:"Along the vectors in a tensor file, such as top's eigenvectors, scaled to norm 1."`

	Normalise string `default:"filter" enum:"filter,layer,none" placeholder:"KIND" help:"Length of random directions: filter, every filter as long as the network's; layer, every tensor; none, 1 in all (${default})."`
	BNBias    bool   `name:"bn-bias" help:"Move BN weight and bias (γ, β) and the classifier's bias too (default: random directions are zero there)."`
	ScaleBy   string `default:"each" enum:"each,first" placeholder:"KIND" help:"Whose filters give random directions their length: each checkpoint's own; or those of the first, so that all have the very same directions (${default})."`

	to   *checkpoint.Checkpoint
	file *artifact.File
}

// Check refuses settings that cannot all be meant, and fills in the axis.
func (l *Landscape) Check() error {
	if l.To != "" && l.Y != nil {
		return &run.SettingError{Setting: "y", Problem: "a line to another checkpoint has no second direction", Fix: "leave out y, or the other checkpoint"}
	}
	if l.X == nil {
		l.X = &landscape.Axis{Min: -1, Max: 1, Steps: 51}
		if l.To != "" {
			l.X.Min = 0
		}
	}
	if l.CheckHVPs && !l.Eigenvectors {
		return &run.SettingError{Setting: "check", Problem: "tests Hessian-vector products, which eigenvectors alone need", Fix: "leave out check, or add eigen"}
	}
	if err := l.Eigen.Check(); err != nil {
		return err
	}
	return l.Loss.Check()
}

// Network has tangents where eigenvectors are sought, and else no gradients.
func (l *Landscape) Network() resnet.Config {
	return resnet.Config{Tangents: l.Eigenvectors, ForwardOnly: !l.Eigenvectors}
}

// Prepare reads the files beyond the checkpoints, and compares architectures.
func (l *Landscape) Prepare(s *Series) (err error) {
	switch l.along() {
	case "to":
		if l.to, err = s.Another("to", l.To); err != nil {
			return err
		}
		return same("to", l.to, s.Checkpoints)
	case "vectors":
		if l.file, err = artifact.Read(l.Vectors, artifact.Limits{}); err != nil {
			return err
		}
		s.input("vectors", l.Vectors, l.file.SHA256)
		for _, c := range s.Checkpoints {
			if _, err := l.vectors(c); err != nil {
				return err
			}
		}
	case "random":
		if l.ScaleBy == "first" {
			return same("scale_by", s.Checkpoints[0], s.Checkpoints)
		}
	}
	return nil
}

// same refuses checkpoints of another architecture than one.
func same(setting string, as *checkpoint.Checkpoint, list []*checkpoint.Checkpoint) error {
	for _, c := range list {
		if len(as.Params) != len(c.Params) || as.Meta.Arch != c.Meta.Arch {
			return run.Refuse(setting, "%s is a %s, but %s is a %s", as.Path, as.Meta.Arch, c.Path, c.Meta.Arch)
		}
	}
	return nil
}

// Records are what the coordinates mean, and the cells.
func (l *Landscape) Records(*checkpoint.Checkpoint) ([]string, error) {
	return append([]string{record.Landscape{}.Type()}, slices.Repeat([]string{record.Cell{}.Type()}, l.cells())...), nil
}

// Fits says whether a record is the n-th of a checkpoint.
func (l *Landscape) Fits(n int, r record.Record) bool {
	cell, ok := r.(*record.Cell)
	if !ok {
		return n < 1
	}
	want := l.cell(n - 1)
	return cell.I == want.I && (cell.J == nil) == (want.J == nil) && (cell.J == nil || *cell.J == *want.J)
}

// Measure yields a *record.Landscape and a *record.Cell for each point, counted
// along the first direction fastest.
func (l *Landscape) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		var plane *landscape.Plane
		lead := func() (_ record.Record, err error) {
			var r *record.Landscape
			plane, r, err = l.describe(ctx, p)
			return made(r, err)
		}
		more := true
		for r, err := range l.records(ctx, p, skip, []Operator{hessianOf(l.Loss)}, lead) {
			if more = yield(r, err) && err == nil; !more {
				return
			}
		}
		if plane == nil { // its record is there
			if _, err := lead(); err != nil {
				yield(nil, err)
				return
			}
		}
		p.bar.Done()
		first := max(0, skip-l.tests()-1)
		p.bar = p.Series.progress(int64(l.cells()), p.label()+": cells")
		p.bar.Set(int64(first))
		surface := p.Surface(ctx)
		surface.OnBatch = func(int) error { return stopped(ctx) }
		for k := first; k < l.cells(); k++ {
			r, err := l.evaluate(surface, plane, k)
			if err != nil {
				yield(nil, err)
				return
			}
			r.Subject = p.subject()
			if !yield(r, nil) {
				return
			}
			p.bar.Add(1)
		}
	}
}

// evaluate moves the surface to a cell.
func (l *Landscape) evaluate(surface *landscape.Surface, plane *landscape.Plane, k int) (*record.Cell, error) {
	r := l.cell(k)
	coordinates := []float64{r.X}
	if r.Y != nil {
		coordinates = append(coordinates, *r.Y)
	}
	surface.Move(plane.At(coordinates...))
	at, err := surface.Here()
	r.Loss, r.Top1 = at.Loss, at.Top1
	return &r, err
}

// cell has the coordinates of cell k.
func (l *Landscape) cell(k int) record.Cell {
	i, j := k%l.X.Steps, k/l.X.Steps
	r := record.Cell{I: i, X: l.X.At(i)}
	if l.Y != nil {
		y := l.Y.At(j)
		r.J, r.Y = &j, &y
	}
	return r
}

// describe says what the coordinates mean at a point.
func (l *Landscape) describe(ctx context.Context, p *Point) (*landscape.Plane, *record.Landscape, error) {
	c := p.Checkpoint
	r := &record.Landscape{
		Along: l.along(), RunningStatistics: "fixed", DirectionSeed: l.Seed, Dimensions: l.dimensions(), Cells: l.cells(),
		XMin: l.X.Min, XMax: l.X.Max, XSteps: l.X.Steps, ThetaNorm: landscape.Norm(c.Params),
	}
	if l.Y != nil {
		r.YMin, r.YMax, r.YSteps = &l.Y.Min, &l.Y.Max, &l.Y.Steps
	}
	plane, err := l.plane(ctx, p, r)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range plane.Directions {
		r.DirectionNorms = append(r.DirectionNorms, landscape.Norm(d))
	}
	r.DirectionsSHA256 = landscape.Hash(plane.Directions)
	if len(plane.Directions) == 2 { // what Gram–Schmidt has left
		cosine := landscape.Cosine(plane.Directions[0], plane.Directions[1])
		r.Cosine = &cosine
	}
	surface := p.Surface(ctx)
	surface.Move(c.Params, c.Running)
	here, err := surface.Here()
	if err != nil {
		return nil, nil, err
	}
	if math.IsNaN(here.Loss) || math.IsInf(here.Loss, 0) {
		return nil, nil, curvature.ErrNotFinite
	}
	r.Subject, r.LossAt, r.Top1 = p.subject(), p.lossAt(here.Loss), here.Top1
	return plane, r, nil
}

// plane finds the directions, and completes the record by what it says of them.
func (l *Landscape) plane(ctx context.Context, p *Point, r *record.Landscape) (*landscape.Plane, error) {
	c := p.Checkpoint
	plane := &landscape.Plane{Origin: c.Params, Running: c.Running}
	var err error
	switch r.Along {
	case "to":
		plane, r.To = landscape.Between(c.Params, c.Running, l.to.Params, l.to.Running), l.to.Path
		if l.BN == "eval" {
			r.RunningStatistics = "interpolated"
		}
	case "eigen":
		h, err := p.Hessian(ctx)
		if err != nil {
			return nil, err
		}
		top, err := l.find(p, "λ_max", h, l.dimensions(), curvature.LargestAlgebraic, nil)
		if err != nil {
			return nil, err
		}
		for _, pair := range top.Pairs {
			plane.Directions = append(plane.Directions, pair.Vector)
			r.Eigenvalues, r.Residuals = append(r.Eigenvalues, pair.Value), append(r.Residuals, pair.Relative())
		}
		r.Steps, r.HVPs, r.Converged = top.Steps, top.HVPs, &top.Converged
	case "vectors":
		plane.Directions, err = l.vectors(c)
	default:
		r.Normalise, r.BNBias, r.ScaleBy = l.Normalise, &l.BNBias, l.ScaleBy
		scale := c
		if l.ScaleBy == "first" {
			scale = p.Series.Checkpoints[0]
		}
		plane.Directions, err = landscape.Directions{Normalisation: landscape.Normalisation(l.Normalise), OneDimensional: l.BNBias, Seed: uint64(l.Seed)}.
			Random(p.Net.Layout(), scale.Params, l.dimensions())
	}
	return plane, err
}

// vectors are the directions in the file.
func (l *Landscape) vectors(c *checkpoint.Checkpoint) ([][]float32, error) {
	layout, _, err := c.Layouts()
	if err != nil {
		return nil, err
	}
	return landscape.Vectors(l.Vectors, l.file, layout, l.dimensions())
}

func (l *Landscape) along() string {
	switch {
	case l.To != "":
		return "to"
	case l.Eigenvectors:
		return "eigen"
	case l.Vectors != "":
		return "vectors"
	}
	return "random"
}

func (l *Landscape) dimensions() int {
	if l.Y != nil {
		return 2
	}
	return 1
}

func (l *Landscape) cells() int {
	if l.Y != nil {
		return l.X.Steps * l.Y.Steps
	}
	return l.X.Steps
}
