package run

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// SettingError refuses the value of one setting. Commands show the setting as
// the flag that it is given by.
type SettingError struct {
	Setting string // as it is recorded, such as inner_n
	Problem string // with the value
	Fix     string // what helps; may be empty
}

func (e *SettingError) Error() string { return e.Setting + ": " + e.Problem }

// ExitCode is the exit status of wrong flags.
func (e *SettingError) ExitCode() int { return 2 }

// Hint says what helps.
func (e *SettingError) Hint() string { return e.Fix }

// Refuse makes a SettingError.
func Refuse(setting, format string, a ...any) error {
	return &SettingError{Setting: setting, Problem: fmt.Sprintf(format, a...)}
}

// OneOf refuses a value that is not one of a list.
func OneOf(setting, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return Refuse(setting, "%q is not one of %s", value, strings.Join(values, ", "))
}

// NonNegative refuses a number that is negative, infinite or none.
func NonNegative(setting string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return Refuse(setting, "%g is negative or no number", v)
	}
	return nil
}
