// Command srn-hessian measures the curvature of the loss at checkpoints.
package main

import (
	"srn/pkg/cli"
)

func main() { cli.Main("srn-hessian", description, &app{}) }

// app is the command with its subcommands.
type app struct {
	Top       top       `cmd:"" help:"Extreme eigenvalues of the Hessian or another matrix, such as λ_max, by Lanczos."`
	Density   density   `cmd:"" help:"Spectral density by stochastic Lanczos quadrature."`
	Trace     trace     `cmd:"" help:"Trace and Frobenius norm with their standard errors."`
	Landscape plot      `cmd:"" help:"Loss and accuracy on lines and planes through checkpoints."`
	Worst     worst     `cmd:"" help:"The worst loss within a radius, beside what λ_max predicts."`
	Margin    margin    `cmd:"" help:"The classification margin's Hessian beside the loss's."`
	Guidance  guidance  `cmd:"" help:"What a surrogate's gradient has to do with curvature, along a series of checkpoints."`
	Stability stability `cmd:"" help:"The learning rate beside the bound 2/λ_max; sharpness free of the scale of weights."`
	cli.Common
}

const description = `Measure the curvature of the mean cross-entropy at checkpoints by exact Hessian-vector products. One record a checkpoint, with all that makes its numbers comparable.`
