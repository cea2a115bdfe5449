package report

import (
	"fmt"
	"strconv"
)

// groups are a row for each group: what it is, and of each metric n, mean and
// standard deviation. Fractions are 0…1 but for the paper's values, which are
// in percent and in columns named quoted; empty cells were not measured.
func (r *Report) groups() (head []string, rows [][]string) {
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	head = []string{"dataset", "arch", "data_sha256", "method", "weight_decay", "epochs", "seeds"}
	for _, m := range []string{"top1", "top5", "loss", "ece", "lambda_max", "guidance_ratio", "epoch_seconds", "images_per_second"} {
		head = append(head, m+"_n", m+"_mean", m+"_sd")
	}
	head = append(head, "lambda_max_measured_on", "baseline",
		"top1_minus_baseline_n", "top1_minus_baseline_mean", "top1_minus_baseline_low", "top1_minus_baseline_high", "top1_minus_baseline_p", "top1_minus_baseline_detectable",
		"quoted_table2_top1_percent", "quoted_table7_top1_percent")
	for _, res := range r.Results() {
		row := []string{res.Dataset, res.Arch, res.DataSHA256, res.Method, exact(res.WeightDecay), strconv.Itoa(res.Epochs), fmt.Sprint(len(res.Seeds))}
		for _, s := range []Stat{res.Top1, res.Top5, res.Loss, res.ECE, res.LambdaMax, res.Guidance, res.Seconds, res.Images} {
			cells := []string{strconv.Itoa(s.N), "", ""}
			if s.N > 0 {
				cells[1] = exact(s.Mean)
			}
			if s.N > 1 {
				cells[2] = exact(s.SD)
			}
			row = append(row, cells...)
		}
		row = append(row, res.Condition, res.Baseline)
		cells := make([]string, 6)
		if p := res.Top1Minus; p != nil {
			cells[0], cells[1] = strconv.Itoa(p.N), exact(p.Mean)
			if p.N > 1 {
				cells[2], cells[3], cells[4], cells[5] = exact(p.Low), exact(p.High), exact(p.P), exact(p.Detectable)
			}
		}
		row = append(row, cells...)
		quoted := map[int]string{}
		for _, q := range res.Quoted {
			quoted[q.Table] = exact(q.Top1)
		}
		rows = append(rows, append(row, quoted[2], quoted[7]))
	}
	return head, rows
}
