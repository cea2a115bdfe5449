package upgrade

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// files are records as layout 1 had them: each stream of real runs, with most
// of the epochs, rounds and scores left out.
func files(names ...string) []string {
	var list []string
	for _, n := range names {
		list = append(list, filepath.Join("testdata", n+".jsonl"))
	}
	return list
}

func TestFiles(t *testing.T) {
	const full = "58f562fab17d939428599a46fc1e987cd8886b62e6b798463bc6d21a5fc0eb1b"
	// The measurements come before the trainings that they are of.
	streams, unplaced, err := Files(files("ce-hessian", "ce-guidance", "ce-test", "srn-test", "ce-fit", "srn-fit", "meta", "untrained-fit"), Options{Official: []string{full}})
	if err != nil {
		t.Fatal(err)
	}
	if len(streams) != 8 || unplaced != 0 {
		t.Fatalf("%d streams, %d measurements without a training", len(streams), unplaced)
	}
	ce := streams[4].Header.Config.(*record.Fit)
	if ce.Method != "ce" || ce.TrainSplit != "meta_train" || ce.TrainImages != 45000 || ce.TestImages != 10000 || ce.DataOfficial == nil || !*ce.DataOfficial ||
		ce.BatchSize != 128 || ce.LR != 0.06 || ce.Classes != 10 || ce.Precision != "f32" || len(ce.Parameters) != 0 {
		t.Errorf("%+v", ce)
	}
	if r := streams[0].Records[0].(*record.Top); !reflect.DeepEqual(r.Training, &ce.Training) || *r.Epoch != 30 || r.Images != 500 || r.Split != "meta_train" ||
		r.OnDataSHA256 != full || r.OnKernels != "cpu [avx512]" || r.Loss != 0.3370627958715593 || r.Eigenpair.Converged != true || r.Mean[0] != 0.49139968 {
		t.Errorf("%+v", r)
	}
	if r := streams[1].Records[0].(*record.Guidance); r.Method != "ce" || r.SurrogateSHA256 == "" || !(r.CosTheta > 0.3) {
		t.Errorf("%+v", r)
	}
	if r := streams[1].Records[1].(*record.GuidanceSeries); r.OnDataset != "cifar10" || r.Checkpoints != 1 {
		t.Errorf("%+v", r)
	}
	if r := streams[2].Records[0].(*record.Eval); r.Method != "ce" || r.Split != "test" || r.Images != 10000 || *r.Epoch != 5 {
		t.Errorf("%+v", r)
	}
	srn := streams[5].Header.Config.(*record.Fit)
	if r := streams[3].Records[0].(*record.Eval); r.Method != "srn" || r.SRN != srn.SRN || r.GuidanceRatio != 0.1 || r.Surrogate != "gap dictionary" || r.GuidanceRefresh != "whole" {
		t.Errorf("%+v", r)
	}
	if e := streams[5].Records[0].(*record.Epoch); e.Epoch != 1 || *e.GuidanceRatio != 0.10000000000000066 || e.EpochLR == e.LR || e.SRN != srn.SRN {
		t.Errorf("%+v", e)
	}
	if f, ok := streams[5].Records[2].(*record.Final); !ok || f.Epochs != 30 || f.CheckpointSHA256 == "" {
		t.Errorf("%+v", streams[5].Records)
	}
	if m := streams[6].Header.Config.(*record.Meta); m.Objective != "gap" || m.Surrogate != "dictionary" || m.InnerBatchSize != 128 || m.Dataset != "cifar10" {
		t.Errorf("%+v", m)
	}
	if s, ok := streams[6].Records[2].(*record.Surrogate); !ok || s.SurrogateSHA256 != srn.SRN {
		t.Errorf("%+v", streams[6].Records)
	}
	if f := streams[7].Header.Config.(*record.Fit); f.Parameters["srn-untrained.init-seed"] != 3. || f.DataOfficial != nil || f.TrainImages != 2000 {
		t.Errorf("%+v", f)
	}

	// What is written reads as the same, and once more upgraded stays as it is.
	path := filepath.Join(t.TempDir(), "all.jsonl.zst")
	if err := artifact.WriteStreams(path, streams); err != nil {
		t.Fatal(err)
	}
	again, _, err := Files([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(t.TempDir(), "again.jsonl.zst")
	if err := artifact.WriteStreams(second, again); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(path)
	if b, _ := os.ReadFile(second); string(a) != string(b) {
		t.Error("records of layout 2 are changed")
	}
}

func TestMeasurementsWithoutATraining(t *testing.T) {
	streams, unplaced, err := Files(files("ce-test", "ce-hessian"), Options{})
	if err != nil || unplaced != 2 {
		t.Fatalf("%d without a training, %v", unplaced, err)
	}
	if r := streams[0].Records[0].(*record.Eval); r.Training != nil || r.Arch != "resnet8" || r.Top1 != 0.6738 {
		t.Errorf("%+v", r)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"epoch"}`: "line 1: type is \"epoch\": the first record must be a header",
		`{"type":"header","tool":"srn-fit","schema":1,"config":{"method":"none"}}`:                                           `method "none" is none of`,
		`{"type":"header","tool":"srn-fit","schema":1,"config":{"method":"sam","parameters":"rho"}}`:                         `parameters "rho": want name=value`,
		`{"type":"header","tool":"srn-hessian","schema":1,"config":{}}` + "\n" + `{"type":"sharpest"}`:                       `mean is ""`,
		`{"type":"header","tool":"srn-eval","schema":1,"config":{}}` + "\n" + `{"type":"eval","mean":"1,1,1","std":"1,1,1"}`: "is missing",
	} {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, _, err := Files([]string{path}, Options{})
		var bad *artifact.FormatError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || bad.Mend == "" {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}
