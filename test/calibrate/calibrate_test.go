package main

import (
	"strings"
	"testing"
)

// TestCalibration measures some of the rates over few reports. Random numbers
// are fixed, and the bounds are five standard errors wide: what fails is wrong.
func TestCalibration(t *testing.T) {
	const reports = 30
	var list []quantity
	for _, q := range quantities() {
		for _, name := range []string{
			"verdict on two equal methods, 5 seeds, common part 0.9",
			"95% interval holds a true +0.50, seeds 0–4",
			"interval or p where all pairs differ by the same",
			"power at the stated detectable difference, 3 seeds",
			"stated seeds to resolve +0.70 are as many as it takes (11), 5 seeds",
			"any verdict on ten equal methods",
			"best of ten others",
			"verdict where the only cross-entropy has another learning rate",
			"verdict on two equal methods of which 3 of 10 runs fail, 5 seeds",
			"better, where 2 of 5 runs fail",
			"worse, where 5 of 5 runs end at chance",
			"verdict on meta-training that does nothing: three initialisations shared by 10 seeds, scattering 2 times",
			"verdict against the best of twelve equal baselines, 10 seeds",
			"a baseline with 2 of 5 seeds is chosen",
			"95% interval of λ_max’s ratio holds a true −20%, 5 seeds",
			"spikes of one process",
			"Kendall",
		} {
			if strings.HasPrefix(q.name, name) {
				list = append(list, q)
			}
		}
	}
	if len(list) != 17 {
		t.Fatalf("%d quantities", len(list))
	}
	rates, err := measure(list, reports, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range list {
		if !q.holds(rates[i], 5) {
			t.Errorf("%s: measured %.3f over %d reports, stated %s", q.name, rates[i].value(), rates[i].of, q.nominal())
		}
	}
}
