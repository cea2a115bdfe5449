package upgrade

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/method"
	"srn/pkg/record"
)

// known says whether a type of record has a key.
func known(kind, key string) bool {
	k, ok := record.Find(kind)
	if !ok {
		return false
	}
	return key == "type" || slices.ContainsFunc(k.Fields(), func(f record.Field) bool { return f.Key == key })
}

// keys are those of a struct of records.
func keys(of any) map[string]bool {
	all := map[string]bool{}
	for _, f := range record.FieldsOf(of) {
		all[f.Key] = true
	}
	return all
}

// other turns a stream of any other command.
func (u *upgrader) other(s *slot) error {
	if s.old.header.text("tool") == "srn-meta" {
		return u.meta(s)
	}
	if err := s.begin(map[string]any(s.old.config)); err != nil {
		return err
	}
	subject := object{} // of the record before
	several := false    // whether the records are of several trainings
	for _, r := range s.old.records {
		kind := r.text("type")
		o := object{}
		for key, v := range r {
			o[rename(kind, key)] = v
		}
		delete(o, "")
		for key, v := range untold {
			if _, there := o[key]; !there && known(kind, key) {
				o[key] = v
			}
		}
		switch {
		case kind == "cell":
			for key, v := range subject {
				o[key] = v
			}
		case kind == "guidance_series":
			for key, v := range subject {
				if known(kind, key) && !(several && keys(record.Training{})[key]) {
					o[key] = v
				}
			}
			o["loss"] = nil
		default:
			if err := u.subject(s, r, o); err != nil {
				return err
			}
			before := subject
			subject = object{}
			for key := range keys(record.Subject{}) {
				if v, ok := o[key]; ok {
					subject[key] = v
				}
			}
			for key := range keys(record.Training{}) {
				several = several || len(before) > 0 && !reflect.DeepEqual(before[key], subject[key])
			}
		}
		if err := s.add(kind, o); err != nil {
			return err
		}
	}
	return nil
}

// untold are keys that the first versions did not write, with what they stood
// for then.
var untold = map[string]any{"l2_term": 0., "loss_l2": 0., "params": "", "per": "all", "block": "", "basis_bytes": 0., "restarts": 0.,
	"objective": "cross_entropy_mean", "operator": "hessian", "residual_verified": true, "order": "la"}

// rename is a key's name in layout 2, "" for one that is not there any more.
func rename(kind, key string) string {
	switch key {
	case "n":
		return "images"
	case "batch":
		return "pass_images"
	case "runs":
		return "probes"
	case "probe":
		return "distribution"
	case "parameters":
		return "parameter_count"
	case "kernel":
		return "smoothing"
	case "lr":
		return "epoch_lr"
	case "lr_next":
		return "next_lr"
	case "srn_sha256":
		return "surrogate_sha256"
	case "method", "dataset", "data_sha256", "seed", "epochs", "weight_decay", "guidance_ratio_target", "label", "momentum", "mean", "std":
		return "" // of the subject
	}
	return key
}

// subject says which checkpoint a measurement is of, and of which training.
func (u *upgrader) subject(s *slot, r, o object) error {
	kernels := strings.TrimSuffix(s.old.config.text("device"), "+tf32")
	for _, key := range []string{"mean", "std"} {
		var values []float64
		for _, part := range strings.Split(r.text(key), ",") {
			v, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return s.bad("%s is %q: want three numbers", key, r.text(key))
			}
			values = append(values, v)
		}
		o[key] = values
	}
	o["on_dataset"], o["on_data_sha256"], o["on_kernels"], o["on_precision"] = r.text("dataset"), r.text("data_sha256"), kernels, "f32"
	if slices.Contains(u.Official, r.text("data_sha256")) {
		o["on_data_official"] = true
	}
	network := record.Network{Arch: r.text("arch"), Classes: classes(r.text("dataset"))}
	if r["method"] != nil {
		if fit := u.place(s, r); fit != nil {
			if err := o.merge(fit); err != nil {
				return s.bad("%v", err)
			}
		} else {
			u.unplaced++
		}
	}
	return o.merge(network)
}

// place finds the training that a measurement belongs to: the one whose
// checkpoint has the recorded hash or else the one alike in all that the
// measurement tells. Of several alike, whose checkpoints' names begin most
// like its own.
func (u *upgrader) place(s *slot, r object) *record.Fit {
	name, label := r.text("method"), ""
	if base, rest, ok := strings.Cut(name, "("); ok {
		name, label = base, strings.TrimSuffix(rest, ")")
	}
	info, err := method.Find(name)
	if err != nil {
		return nil
	}
	changed, err := parameters(info, label)
	if err != nil {
		return nil
	}
	var fitting []*slot
	for i := range u.slots {
		t := &u.slots[i]
		if t.fit == nil || t.old == nil {
			continue
		}
		if sum := r.text("checkpoint_sha256"); sum != "" && sum == t.checkpoint() {
			return t.fit
		}
		f := t.fit
		same := f.Dataset == r.text("dataset") && f.DataSHA256 == r.text("data_sha256") && f.Arch == r.text("arch") && f.Method == info.Name &&
			f.WeightDecay == r.number("weight_decay") && f.Seed == int64(r.whole("seed")) && f.Epochs == r.whole("epochs")
		if ratio, ok := r["guidance_ratio_target"].(float64); ok {
			same = same && f.GuidanceRatio == ratio
		}
		for key, v := range changed {
			same = same && f.Parameters[key] == v
		}
		if same {
			fitting = append(fitting, t)
		}
	}
	if len(fitting) == 1 {
		return fitting[0].fit
	}
	return u.nearest(s, fitting, r.text("checkpoint"))
}

// checkpoint is the hash of the checkpoint that a training has written.
func (s *slot) checkpoint() string {
	for _, r := range s.new.Records {
		if f, ok := r.(*record.Final); ok {
			return f.CheckpointSHA256
		}
	}
	return ""
}

// nearest is the training whose last checkpoint's name, among the measurements
// of the same stream, or else whose records' name, begins most like a
// checkpoint's; nil where two are equally near.
func (u *upgrader) nearest(s *slot, trainings []*slot, checkpoint string) *record.Fit {
	last := func(t *slot) string {
		for _, r := range s.old.records {
			if sum := r.text("checkpoint_sha256"); sum != "" && sum == t.checkpoint() {
				return r.text("checkpoint")
			}
		}
		return ""
	}
	for _, name := range []func(*slot) string{last, func(t *slot) string { return t.old.path }} {
		var best *slot
		longest, tie := 0, true
		for _, t := range trainings {
			at := name(t)
			if at == "" {
				continue
			}
			n := 1
			for n <= min(len(checkpoint), len(at)) && checkpoint[n-1] == at[n-1] {
				n++
			}
			switch {
			case n > longest:
				best, longest, tie = t, n, false
			case n == longest:
				tie = true
			}
		}
		if !tie {
			return best.fit
		}
	}
	return nil
}
