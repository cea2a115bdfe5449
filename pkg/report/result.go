package report

// Result is a group's numbers for machines. Fractions are 0…1; statistics with
// n = 0 were not measured.
type Result struct {
	Dataset     string   `json:"dataset"`
	Arch        string   `json:"arch"`
	DataSHA256  string   `json:"data_sha256"`
	Method      string   `json:"method"`
	WeightDecay float64  `json:"weight_decay"`
	Epochs      int      `json:"epochs"`
	Seeds       []int64  `json:"seeds"` // of complete runs
	Top1        Stat     `json:"top1"`
	Top5        Stat     `json:"top5"`
	Loss        Stat     `json:"loss"`
	ECE         Stat     `json:"ece"`
	LambdaMax   Stat     `json:"lambda_max"`
	Condition   string   `json:"lambda_max_measured_on,omitempty"`
	Guidance    Stat     `json:"guidance_ratio"`
	Seconds     Stat     `json:"epoch_seconds"`
	Images      Stat     `json:"images_per_second"`
	Baseline    string   `json:"baseline,omitempty"`
	Top1Minus   *Paired  `json:"top1_minus_baseline,omitempty"`
	Quoted      []Quoted `json:"quoted_percent,omitempty"`
}

// Quoted is a test accuracy that the paper prints.
type Quoted struct {
	Table int     `json:"table"`
	Row   string  `json:"row"`  // as the paper names it
	Top1  float64 `json:"top1"` // percent
	SD    float64 `json:"sd"`   // percent; 0 where the paper prints none
}

// Results lists the groups' numbers in the report's order.
func (r *Report) Results() []Result {
	var list []Result
	for _, c := range r.list {
		used := conditions(c.groups)
		for _, g := range c.groups {
			res := Result{
				Dataset: g.Dataset, Arch: g.Arch, DataSHA256: g.Data, Method: g.Label(), WeightDecay: g.WeightDecay, Epochs: g.Epochs,
				Top1: g.over(top1), Top5: g.over(top5), Loss: g.over(testLoss), ECE: g.over(ece),
				Guidance: g.over(guidanceRatio), Seconds: g.over(secondsPerEpoch), Images: g.over(imagesPerSecond),
			}
			for _, run := range g.whole() {
				res.Seeds = append(res.Seeds, run.Seed)
			}
			if len(used) > 0 {
				res.LambdaMax, res.Condition = g.over(lambdaMax(used[0])), used[0].String()
			}
			if b := c.baseline(g); b != nil {
				if p := g.minus(b, top1); p.N > 0 {
					res.Baseline, res.Top1Minus = b.Legend(c), &p
				}
			}
			for _, v := range g.quotes() {
				res.Quoted = append(res.Quoted, Quoted{v.Table, v.Row, v.Value, v.SD})
			}
			list = append(list, res)
		}
	}
	return list
}
