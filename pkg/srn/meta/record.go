package meta

import (
	"errors"
	"fmt"
)

// Record is what meta-training tells of a round.
type Record struct {
	Type  string `json:"type"`
	Round int    `json:"round"`
	*Scored
	ValChange         *float64 `json:"val_change,omitempty"`         // |ΔL_val| of Eq. 5, with the signals random and ascent
	Gap               *float64 `json:"gap,omitempty"`                // L_val − L_train, of the objective gap
	HypergradientNorm *float64 `json:"hypergradient_norm,omitempty"` // of the objective hypergradient
	TrainLoss         float64  `json:"train_loss"`                   // mean cross-entropy of the inner steps
	ValLoss           float64  `json:"val_loss"`                     // L_val
	ValTop1           float64  `json:"val_top1"`                     //
	Margin            float64  `json:"margin"`                       // 𝓜
	InverseMargin     float64  `json:"inverse_margin"`               // 1/𝓜
	GuidanceRatio     float64  `json:"guidance_ratio"`               // ‖λh‖/‖∇task‖, mean of the inner steps
	ThetaNorm         float64  `json:"theta_norm"`                   // ‖Θ′‖
	PhiDrift          float64  `json:"phi_drift"`                    // ‖φ − φ₀‖/‖φ₀‖ after the update
	FractionClipped   float64  `json:"fraction_clipped"`             // of the round's evaluations of r, those at a hard ceiling
	FractionFloored   float64  `json:"fraction_floored"`             // of validation images, those with a margin below the floor
	RoundSeconds      float64  `json:"round_seconds"`
}

// Scored is the part of a record that the objective s-meta makes.
type Scored struct {
	R              float64 `json:"r"`                // r(Θ′;φ) before the update
	SMeta          float64 `json:"s_meta"`           // Eq. 6
	MetaLoss       float64 `json:"meta_loss"`        // (r − s_meta)²
	ZValLoss       float64 `json:"z_val_loss"`       // z(L_val), or of the signal in its place
	ZInverseMargin float64 `json:"z_inverse_margin"` // z(1/𝓜)
	GradRNorm      float64 `json:"grad_r_norm"`      // ‖∇_Θ r(Θ′;φ)‖
}

// ErrInterrupted is returned by a round that was told to stop.
var ErrInterrupted = errors.New("interrupted")

// DivergedError says that a number ceased to be finite.
type DivergedError struct {
	Round int
	What  string
	Last  string // file that holds the last state saved, or ""
	Saved int    // its round
}

func (e *DivergedError) Error() string {
	text := fmt.Sprintf("round %d: %s is not finite", e.Round, e.What)
	if e.Last != "" {
		text += fmt.Sprintf("; the state of round %d is in %s", e.Saved, e.Last)
	}
	return text
}

// ExitCode is that of a run that diverged.
func (e *DivergedError) ExitCode() int { return 4 }

func (m *Meta) diverged(what string) error {
	return &DivergedError{Round: m.round + 1, What: what}
}
