// Package report is a folder of packages that turn records of training,
// evaluation, curvature and meta-training into a comparison that a reader can
// check: tables with the number of seeds, means and standard deviations,
// differences paired by seed, the paper's value apart from ours, figures,
// findings in words that follow from the numbers alone, and where every number
// came from. The same inputs give the same bytes.
//
// Each package imports those before it alone:
//
//	number, table, chart   how numbers, tables and figures are written
//	paper, trace           what the paper prints; the line that says what a report was made of
//	load                   record files, sorted into runs
//	study                  runs arranged for comparison, as package compare allows
//	conclude               tests, intervals, verdicts and their sentences
//	sections               the report: tables, figures, findings
//	render                 the report as HTML, Markdown, LaTeX, CSV, TSV, SVG, JSON
//
// Packages inspect and lineage look at single files: what is in them, and what
// they were made from. Package watch follows files while they grow.
package report
