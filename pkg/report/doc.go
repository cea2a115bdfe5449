// Package report turns records of training, evaluation, curvature and
// meta-training into a comparison that a reader can check: tables with the
// number of seeds, means and standard deviations, differences paired by seed,
// the paper's value apart from ours, figures, findings in words that follow
// from the numbers alone, and where every number came from.
//
// [Read] the record files, [Build] the report, and write it with
// [Report.HTML], [Report.Markdown] or [Report.CSV]. The same inputs give the
// same bytes.
package report
