// Package stats compares configurations of training by samples of their runs.
// It is pure computation: numbers in, numbers out, the same for the same input.
//
// A run's value is that of one seed. What the package guarantees, it does for
// seeds that are independent of each other; between two configurations the
// same seed may have any common part, which pairing takes out.
//
// Rates are measured by simulation, through the report that uses the package:
// docs/report.md has the table and make calibrate makes it.
package stats
