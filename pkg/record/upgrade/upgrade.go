// Package upgrade turns records of layout 1, in which settings were display
// text and measurements said little of their training, into those of layout 2.
// It is the only place that knows layout 1.
package upgrade

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/method"
	"srn/pkg/record"
)

// Options say what the records themselves do not.
type Options struct {
	// Official are the digests of dataset files that hold all images of the
	// official files, unchanged. Of others it stays unknown.
	Official []string
}

// object is a record of layout 1.
type object map[string]any

func (o object) text(key string) string { s, _ := o[key].(string); return s }

func (o object) number(key string) float64 {
	v, ok := o[key].(float64)
	if !ok {
		return math.NaN()
	}
	return v
}

func (o object) whole(key string) int {
	if v, ok := o[key].(float64); ok {
		return int(v)
	}
	return 0
}

// stream is a stream of layout 1.
type stream struct {
	path     string
	header   object
	config   object
	seed     int64
	records  []object
	complete bool
	status   string
}

// Files reads record files of layout 1, which may hold streams of layout 2
// too, and returns their streams in layout 2, in the same order. Measurements
// are joined to the trainings among the files; unplaced is how many are of a
// training that is not.
func Files(paths []string, o Options) (streams []artifact.Stream, unplaced int, err error) {
	u := &upgrader{Options: o, test: map[string]int{}}
	for _, path := range paths {
		if err := u.read(path); err != nil {
			return nil, 0, err
		}
	}
	for i := range u.slots {
		if s := &u.slots[i]; s.old != nil && s.old.header.text("tool") == "srn-fit" {
			if err := u.training(s); err != nil {
				return nil, 0, err
			}
		}
	}
	for i := range u.slots {
		s := &u.slots[i]
		if s.old != nil && s.old.header.text("tool") != "srn-fit" {
			if err := u.other(s); err != nil {
				return nil, 0, err
			}
		}
		streams = append(streams, s.new)
	}
	return streams, u.unplaced, nil
}

// slot is a stream before and after.
type slot struct {
	old *stream // nil: was of layout 2
	new artifact.Stream
	fit *record.Fit
}

type upgrader struct {
	Options
	slots    []slot
	test     map[string]int // test images by the dataset file's digest
	unplaced int
}

// read reads the streams of a file.
func (u *upgrader) read(path string) error {
	fail := func(number int, format string, a ...any) error {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("line %d", number), Problem: fmt.Sprintf(format, a...), Mend: "give record files as the commands wrote them"}
	}
	var decoder record.Decoder
	current := -1
	return artifact.Lines(path, func(number int, text []byte) error {
		var m map[string]any
		if err := record.Unmarshal(text, &m); err != nil {
			return fail(number, "%v", record.Problem(err))
		}
		o := object(m)
		kind := o.text("type")
		if kind == (record.Header{}).Type() {
			var seed struct {
				Seed int64 `json:"seed"`
			}
			record.UnmarshalSome(text, &seed) // which a float64 may not hold
			config, _ := o["config"].(map[string]any)
			s := slot{old: &stream{path: path, header: o, config: config, seed: seed.Seed}}
			if o.whole("schema") != 1 {
				rec, err := decoder.Decode(text)
				if err != nil {
					return fail(number, "%v", err)
				}
				s = slot{new: artifact.Stream{Header: *rec.(*record.Header)}}
			}
			u.slots = append(u.slots, s)
			current = len(u.slots) - 1
			return nil
		}
		if current < 0 {
			return fail(number, "type is %q: the first record must be a header", kind)
		}
		s := &u.slots[current]
		switch {
		case s.old == nil:
			rec, err := decoder.Decode(text)
			if err != nil {
				return fail(number, "%v", err)
			}
			if end, ok := rec.(*record.End); ok {
				s.new.Complete, s.new.Status = true, end.Status
			} else {
				s.new.Records = append(s.new.Records, rec)
			}
		case kind == (record.End{}).Type():
			s.old.complete, s.old.status = true, o.text("status")
		default:
			s.old.records = append(s.old.records, o)
			if kind == "eval" && o.text("split") == "test" {
				u.test[o.text("data_sha256")] = max(u.test[o.text("data_sha256")], o.whole("n"))
			}
		}
		return nil
	})
}

// begin fills in what every stream has.
func (s *slot) begin(config any) error {
	h := s.old.header
	s.new.Header = record.Header{Tool: h.text("tool"), Version: h.text("version"), Schema: record.Schema, Seed: s.old.seed, Config: config, Inputs: []record.Input{}}
	if inputs, ok := h["inputs"]; ok {
		b, err := record.Marshal(inputs)
		if err == nil {
			err = record.Unmarshal(b, &s.new.Header.Inputs)
		}
		if err != nil {
			return s.bad("inputs: %v", record.Problem(err))
		}
	}
	s.new.Complete, s.new.Status = s.old.complete, s.old.status
	return nil
}

func (s *slot) bad(format string, a ...any) error {
	return &artifact.FormatError{Path: s.old.path, Problem: fmt.Sprintf(format, a...), Mend: "give record files as the commands wrote them"}
}

// add appends a record made of an object of layout 2.
func (s *slot) add(kind string, o object) error {
	k, ok := record.Find(kind)
	if !ok {
		return s.bad("holds a record of type %q", kind)
	}
	for _, f := range k.Fields() {
		if v, there := o[f.Key]; there && v == nil && (f.Optional || f.Wants() == "a text") {
			delete(o, f.Key)
			if !f.Optional {
				o[f.Key] = ""
			}
		}
	}
	o["type"] = kind
	b, err := record.Marshal(map[string]any(o))
	if err != nil {
		return s.bad("%v", err)
	}
	var d record.Decoder
	rec, err := d.Decode(b)
	if err != nil {
		return s.bad("%v", err)
	}
	s.new.Records = append(s.new.Records, rec)
	return nil
}

// merge writes a block's fields into an object.
func (o object) merge(block any) error {
	b, err := record.Marshal(block)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := record.Unmarshal(b, &m); err != nil {
		return err
	}
	for k, v := range m {
		o[k] = v
	}
	return nil
}

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

// dataset is the name of the data set of a dataset file, as trainings tell it.
func (u *upgrader) dataset(digest string) string {
	for i := range u.slots {
		if f := u.slots[i].fit; f != nil && f.DataSHA256 == digest {
			return f.Dataset
		}
	}
	return ""
}
