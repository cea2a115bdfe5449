package main

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/probe"
	"srn/pkg/record"
)

// output starts or resumes the records; skip is how many are there already.
func (p *plot) output(s *probe.Session) (out *artifact.RecordWriter, skip int, complete bool, err error) {
	config := append(append(p.lossFlags.config(), p.eigenFlags.config()...), artifact.Fields{
		{Key: "along", Value: p.along()}, {Key: "x", Value: p.X.String()}, {Key: "y", Value: p.second()},
		{Key: "normalise", Value: p.Normalise}, {Key: "bn_bias", Value: p.BNBias}, {Key: "scale_by", Value: p.ScaleBy},
	}...)
	if !p.Resume {
		out, err = s.Create(p.Seed, config)
		return out, 0, false, err
	}
	out, done, complete, err := s.Resume(p.Seed, config, func(was artifact.Stream) error { return p.written(s, was) })
	return out, len(done), complete, err
}

// written checks that records are the first of those that this plot writes, in
// their order, and all of them where they are said to be complete.
func (p *plot) written(s *probe.Session, was artifact.Stream) error {
	bad := func(field, format string, a ...any) error {
		return &artifact.FormatError{Path: p.Output, Field: field, Problem: fmt.Sprintf(format, a...), Mend: "remove it to start afresh"}
	}
	each := p.lead() + p.cells()
	all := each * len(s.Checkpoints)
	if n := len(was.Records); n > all || n < all && was.Complete && was.Status == "ok" {
		return bad("", "has %d records, where %d make the plot", n, all)
	}
	for n, r := range was.Records {
		c, k := s.Checkpoints[n/each], n%each-p.lead()
		want, i, j := "cell", k%p.X.Steps, k/p.X.Steps
		switch {
		case k == -1:
			want = "landscape"
		case k < 0:
			want = "check"
		}
		fits := r.Type() == want
		switch r := r.(type) {
		case *record.Cell:
			fits = fits && r.Checkpoint == c.Path && r.I == i && (r.J == nil && p.Y == nil || r.J != nil && *r.J == j)
		case *record.Landscape:
			fits = fits && r.Checkpoint == c.Path
		case *record.Check:
			fits = fits && r.Checkpoint == c.Path
		}
		if !fits {
			return bad(fmt.Sprintf("line %d", was.Lines[n]), "is not the %s that comes there: records are missing or from elsewhere", want)
		}
	}
	return nil
}
