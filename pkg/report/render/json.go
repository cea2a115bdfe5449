package render

import (
	"encoding/json"
	"io"

	"srn/pkg/report/sections"
)

// JSON writes the groups' results and the findings as one object.
func JSON(r *sections.Report, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Title       string               `json:"title"`
		Lead        []sections.Statement `json:"result"`
		Groups      []sections.Result    `json:"groups"`
		Findings    []sections.Finding   `json:"findings"`
		Conclusions sections.Conclusions `json:"conclusions"`
	}{r.Title, r.Lead, r.Results, r.Findings, r.Conclusions})
}
