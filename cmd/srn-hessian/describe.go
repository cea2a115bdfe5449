package main

import (
	"fmt"
	"math"
	"strings"

	"srn/pkg/curvature"
	"srn/pkg/measure"
	"srn/pkg/record"
)

// describe is a record as a line for the user, "" for none.
func describe(r record.Record) string {
	switch r := r.(type) {
	case *record.Top:
		return measure.BlockLabel(r.Checkpoint, r.Block) + ": " + eigenvalues(r)
	case *record.Density:
		return fmt.Sprintf("%s: eigenvalues from %.6g to %.6g, trace %.6g ± %.2g  %d HVPs",
			measure.BlockLabel(r.Checkpoint, r.Block), r.RitzMin, r.RitzMax, r.Trace, r.TraceStderr, r.HVPs)
	case *record.Trace:
		return fmt.Sprintf("%s: trace %.6g ± %.2g  Frobenius norm %.6g ± %.2g  %d HVPs",
			measure.BlockLabel(r.Checkpoint, r.Block), r.Trace, r.TraceStderr, r.Frobenius, r.FrobeniusStderr, r.HVPs)
	case *record.Check:
		return fmt.Sprintf("%s: check %s: faults of %.1e of a tensor's rows, and of %.1e of the part beside the Gauss–Newton matrix, would show; asymmetry %.1e",
			measure.Label(r.Checkpoint), r.Verdict, r.SmallestFault, r.SmallestFaultDifference, r.Symmetry)
	case *record.Landscape:
		return fmt.Sprintf("%s: loss %.6g, accuracy %.4f; %d cells %s", measure.Label(r.Checkpoint), r.Loss, r.Top1, r.Cells, r.Along)
	case *record.Worst:
		return fmt.Sprintf("%s: ρ %g: loss %.6g, worst %.6g; increase %.4g, ρ²λ_max/2 %.4g, ρ‖∇L‖ %.4g",
			measure.Label(r.Checkpoint), r.Rho, r.Loss, r.WorstLoss, r.Increase, r.SecondOrder, r.FirstOrder)
	case *record.Margin:
		return fmt.Sprintf("%s: λ_max %.6g; margin %.4g, λ_max(H_margin) %.6g (|cos| %.3f), λ_min(H_margin) %.6g (|cos| %.3f)",
			measure.Label(r.Checkpoint), r.LambdaMax, r.SmoothMargin, r.LambdaMaxMargin, r.AbsCosVMaxMarginMax, r.LambdaMinMargin, r.AbsCosVMaxMarginMin)
	case *record.Guidance:
		return fmt.Sprintf("%s: r %.4g, ‖∇r‖ %.3g; cos ∇r with θ %+.3f, ∇L %+.3f, v_max %.3f; Rayleigh quotient %.4g of λ_max %.4g",
			measure.Label(r.Checkpoint), r.R, r.GradRNorm, r.CosTheta, r.CosGrad, r.AbsCosVMax, r.Rayleigh, r.LambdaMax)
	case *record.GuidanceSeries:
		return fmt.Sprintf("%d checkpoints: R² of r with the validation loss %.3f, 1/margin %.3f, s_meta %.3f, λ_max %.3f; ‖θ‖ %.3f, epoch %.3f",
			r.Checkpoints, r.R2ValLoss, r.R2InverseMargin, r.R2SMeta, r.R2LambdaMax, r.R2ThetaNorm, r.R2Epoch)
	case *record.Stability:
		rate := "learning rate not known"
		if r.EpochLR != nil {
			rate = fmt.Sprintf("learning rate %.4g", *r.EpochLR)
		}
		bound := "no bound without learning rate and weight decay"
		if r.BoundL2 != nil {
			bound = fmt.Sprintf("bound %.4g", *r.BoundL2)
		}
		if r.BoundMomentum != nil {
			bound += fmt.Sprintf(", with momentum %.4g", *r.BoundMomentum)
		}
		return fmt.Sprintf("%s: λ_max %.6g, %s, %s; without scale %.6g", measure.Label(r.Checkpoint), r.LambdaMax, bound, rate, r.LambdaMaxScaled)
	}
	return ""
}

// mostValues is how many eigenvalues a line shows.
const mostValues = 10

// eigenvalues are a record's, with what is known of them.
func eigenvalues(r *record.Top) string {
	var b strings.Builder
	for i, x := range r.Eigenvalues[:min(len(r.Eigenvalues), mostValues)] {
		if i > 0 {
			b.WriteString(", ")
		} else {
			b.WriteString("λ ")
		}
		fmt.Fprintf(&b, "%.6g", x)
		if i < len(r.EigenvaluesStderr) && !math.IsNaN(r.EigenvaluesStderr[i]) {
			fmt.Fprintf(&b, " ± %.2g", r.EigenvaluesStderr[i])
		}
		if i < len(r.PairsStatus) && r.PairsStatus[i] == string(curvature.AtFloor) {
			b.WriteString(" (at the float32 floor)")
		}
	}
	if n := len(r.Eigenvalues) - mostValues; n > 0 {
		fmt.Fprintf(&b, " and %d more", n)
	}
	if len(r.Interval) == 2 && !math.IsNaN(r.Interval[0]) {
		fmt.Fprintf(&b, "  95%% %.4g to %.4g", r.Interval[0], r.Interval[1])
	}
	if r.LambdaMaxCrossfit != nil {
		fmt.Fprintf(&b, "  cross-fitted %.6g ± %.2g", *r.LambdaMaxCrossfit, *r.LambdaMaxCrossfitStderr)
	}
	fmt.Fprintf(&b, "  residual %.1e  %d images  %d HVPs", r.Residual, r.Images, r.HVPs)
	return b.String()
}
