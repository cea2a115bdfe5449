package upgrade

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/method"
	"srn/pkg/record"
)

// classes is the number of classes of the data sets that layout 1 knows.
func classes(dataset string) int {
	if dataset == "cifar100" {
		return 100
	}
	return 10
}

// parameters reads the text that layout 1 had of a method's parameters.
func parameters(info method.Info, text string) (map[string]any, error) {
	all := map[string]any{}
	if text == "" {
		return all, nil
	}
	for _, a := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return nil, fmt.Errorf("parameters %q: want name=value", text)
		}
		name = strings.Replace(name, "draw", "init-seed", 1)
		if !strings.Contains(name, ".") {
			name = info.Name + "." + name
		}
		name = strings.Replace(name, "-like.", ".", 1)
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = v
		} else {
			all[name] = value
		}
	}
	return all, nil
}

// training turns a stream of srn-fit.
func (u *upgrader) training(s *slot) error {
	c := s.old.config
	info, err := method.Find(c.text("method"))
	if err != nil {
		return s.bad("%v", err)
	}
	settings, err := info.Settings(nil)
	if err != nil {
		return s.bad("%v", err)
	}
	fit := &record.Fit{Network: record.Network{Arch: c.text("arch"), Classes: classes(c.text("dataset"))}}
	fit.Training = record.Training{
		Data:    record.Data{Dataset: c.text("dataset"), DataSHA256: c.text("data_sha256"), TrainSplit: c.text("split"), TestImages: u.test[c.text("data_sha256")]},
		Methods: settings.Methods(), Method: info.Name,
		Epochs: c.whole("epochs"), BatchSize: c.whole("batch"), LR: c.number("lr"), Schedule: c.text("schedule"), Momentum: c.number("momentum"),
		WeightDecay: c.number("weight_decay"), Augment: c.text("augment"), Init: c.text("init"), Seed: s.old.seed,
		EvalEvery: c.whole("eval_every"), CheckpointEvery: c.whole("checkpoint_every"), Precision: "f32", Outliers: c.text("outliers_sha256"),
	}
	if c["tf32"] == true {
		fit.Precision = "tf32"
	}
	if fit.Parameters, err = parameters(info, c.text("parameters")); err != nil {
		return s.bad("%v", err)
	}
	for _, name := range fit.Methods { // before these had the parameter, the run's seed decided
		if _, there := fit.Parameters[name+".init-seed"]; !there && (name == "srn-untrained" || name == "srn-shuffled") {
			fit.Parameters[name+".init-seed"] = "run"
		}
	}
	if slices.Contains(u.Official, fit.DataSHA256) {
		fit.DataOfficial = new(true)
	}
	if sum := c.text("srn_sha256"); sum != "" {
		fit.Guided = record.Guided{SRN: sum, Surrogate: c.text("surrogate"), Lambda: c.number("lambda_srn"), GuidanceRatio: c.number("guidance_ratio_target"),
			GuidanceEvery: c.whole("guidance_every"), GuidanceRefresh: "whole"}
		if r := c.text("guidance_refresh"); r != "" {
			fit.GuidanceRefresh = r
		}
		if fit.Surrogate == "" {
			fit.Surrogate = "s-meta conv" // the only kind there was
		}
	}
	for _, r := range s.old.records {
		if r.text("type") == "epoch" {
			fit.TrainImages = max(fit.TrainImages, int(math.Round(r.number("images_per_second")*r.number("epoch_seconds"))))
		}
	}
	s.fit = fit
	if err := s.begin(fit); err != nil {
		return err
	}
	for _, r := range s.old.records {
		o := object{}
		for key, v := range r {
			switch {
			case key == "lr":
				o["epoch_lr"] = v
			case key == "decay_coefficient":
				o["weight-decay-ratio.coefficient"] = v
			case strings.HasPrefix(key, "barron_"):
				o["barron."+strings.TrimPrefix(key, "barron_")] = v
			case known("epoch", key) || known("final", key):
				o[key] = v
			default:
				o[info.Name+"."+key] = v
			}
		}
		if err := o.merge(fit); err != nil {
			return s.bad("%v", err)
		}
		if err := s.add(r.text("type"), o); err != nil {
			return err
		}
	}
	return nil
}
