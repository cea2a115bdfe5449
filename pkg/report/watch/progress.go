package watch

import (
	"math"
	"slices"
	"time"

	"srn/pkg/record"
)

// Progress is how far a training or meta-training is: epochs, or rounds, done
// and in all. For other runs it is zero.
type Progress struct {
	Done, Of int
	// Left is the time that the rest takes if it goes on at the median pace of the
	// latest epochs, evaluations apart; negative where that is not known.
	Left time.Duration
}

// latest is the number of epochs whose median is the pace.
const latest = 5

// pace gathers what progress follows from, record by record.
type pace struct {
	of      int
	seconds []float64 // of the latest epochs or rounds
}

// after is the progress after a record, the next of its file.
func (p *pace) after(rec record.Record) Progress {
	switch rec := rec.(type) {
	case record.Header:
		*p = pace{}
		switch c := rec.Config.(type) {
		case *record.Fit:
			p.of = c.Epochs
		case *record.Meta:
			p.of = c.Rounds
		}
	case *record.Epoch:
		return p.step(rec.Epoch, rec.EpochSeconds)
	case *record.Round:
		return p.step(rec.Round, rec.RoundSeconds)
	}
	return Progress{Of: p.of, Left: -1}
}

func (p *pace) step(done int, seconds float64) Progress {
	if seconds >= 0 { // not NaN, which is unknown
		p.seconds = append(p.seconds, seconds)
		p.seconds = p.seconds[max(len(p.seconds)-latest, 0):]
	}
	sorted := slices.Sorted(slices.Values(p.seconds))
	n := len(sorted)
	if n == 0 {
		return Progress{done, p.of, -1}
	}
	median := (sorted[(n-1)/2] + sorted[n/2]) / 2
	left := median * float64(max(p.of-done, 0)) * float64(time.Second)
	if left > math.MaxInt64/2 {
		return Progress{done, p.of, -1}
	}
	return Progress{done, p.of, time.Duration(left)}
}
