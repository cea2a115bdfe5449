package upgrade

import "srn/pkg/record"

// meta turns a stream of srn-meta.
func (u *upgrader) meta(s *slot) error {
	c := object{}
	for key, v := range s.old.config {
		switch key {
		case "inner_batch":
			key = "inner_batch_size"
		case "guidance_ratio":
			key = "guidance_ratio_target"
		case "tf32":
			continue
		}
		c[key] = v
	}
	for key, v := range map[string]any{"precision": "f32", "kernels": "", "objective": "s-meta", "meta_grad": "first", "outer_optimizer": "sgd", "outer_average": 0.,
		"guidance_refresh": "whole", "inner_schedule": "constant", "augment": false, "inner_weight_decay": 0., "signal": "loss", "signal_rho": 0.05, "meta_train_images": 0., "meta_val_images": 0.} {
		if _, there := c[key]; !there {
			c[key] = v
		}
	}
	if s.old.config["tf32"] == true {
		c["precision"] = "tf32"
	}
	inputs := s.old.header["inputs"]
	if list, ok := inputs.([]any); ok {
		for _, in := range list {
			if m, ok := in.(map[string]any); ok && m["name"] == "data" {
				c["data_sha256"] = m["sha256"]
			}
		}
	}
	if _, there := c["dataset"]; !there {
		c["dataset"] = u.dataset(c.text("data_sha256"))
	}
	c["classes"] = float64(classes(c.text("dataset")))
	b, err := record.Marshal(map[string]any(c))
	if err != nil {
		return s.bad("%v", err)
	}
	meta, err := record.DecodeMeta(b)
	if err != nil {
		return s.bad("header: %v", err)
	}
	if err := s.begin(&meta); err != nil {
		return err
	}
	for _, r := range s.old.records {
		kind := r.text("type")
		if kind == "final" {
			kind = "surrogate"
		}
		if err := r.merge(meta.MetaRun); err != nil {
			return s.bad("%v", err)
		}
		if err := s.add(kind, r); err != nil {
			return err
		}
	}
	return nil
}
