package report

import (
	"slices"
	"strings"
	"testing"

	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/sections"
)

// markdown is the report as it is read.
func markdown(t *testing.T, r *sections.Report) string {
	t.Helper()
	var b strings.Builder
	if err := render.Markdown(r, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Training on 45,000 images is never paired with training on 50,000, nor set
// against it as the best.
func TestImagesAreNeverMixed(t *testing.T) {
	var sources []*load.Source
	for seed := range int64(3) {
		sources = append(sources, stream("ce", seed, 0.8), stream("srn", seed, 0.85), stream("val-guided", seed, 0.9, held))
	}
	r := made(t, sources)
	text := markdown(t, r)
	for _, s := range r.Sections {
		for _, table := range s.Tables {
			switch {
			case strings.Contains(table.Caption, "against the best"), strings.Contains(table.Caption, "paired by seed"):
				for _, row := range table.Rows {
					if strings.Contains(strings.Join(row, " "), "Val-Guided") && !strings.HasPrefix(row[2], "0") && slices.Contains(row, "90.00 ± 0.00") {
						t.Errorf("%s: %v", table.Caption, row)
					}
					if strings.HasPrefix(row[0], "val-guided") || len(row) > 1 && row[1] == "Val-Guided" {
						t.Errorf("%s: %v", table.Caption, row)
					}
				}
			}
		}
	}
	for _, want := range []string{
		"## ResNet-8 on CIFAR-10, 45,000 images",
		"no baseline for val-guided: the nearest plain training, ce, has train split meta\\_train against train, train images 45,000 against 50,000",
		"trained on 45,000 images (50,000)",
		"| 45,000; 50,000",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	// With a cross-entropy of its own, it is compared with that.
	for seed := range int64(3) {
		sources = append(sources, stream("ce", seed, 0.82, held))
	}
	for _, g := range made(t, sources).Results {
		if g.Method == "val-guided" && (g.Top1Minus == nil || g.Top1Minus.Mean < 0.079 || g.Top1Minus.Mean > 0.081) {
			t.Errorf("%+v", g)
		}
	}
}

// Training on part of the images, on others, or on synthetic ones is nowhere
// as the paper's.
func TestOtherImagesAreNotThePapers(t *testing.T) {
	no := false
	for _, c := range []struct {
		name   string
		change func(*record.Fit)
		want   []string
	}{
		{"a part", func(f *record.Fit) { f.TrainImages, f.DataOfficial = 2000, &no }, []string{"# Training runs: ResNet-8 on CIFAR-10, 2,000 images\n", "trained on 2,000 images (50,000); other images than the official ones",
			"images other than the paper’s, or not known to be its: trained on 2,000 images (50,000), other images than the official ones", "| 2,000 "}},
		{"others", func(f *record.Fit) { f.DataOfficial = &no }, []string{"# Training runs: ResNet-8 on CIFAR-10, other images than the official ones\n", "other images than the official ones; 2 epochs", "| no "}},
		{"fewer test images", func(f *record.Fit) { f.TestImages, f.DataOfficial = 100, &no }, []string{"100 test images", "tested on 100 images (10,000)"}},
		{"wrong labels", func(f *record.Fit) { f.LabelNoise, f.NoiseKind, f.DataOfficial = 0.14, "symmetric", &no }, []string{"% wrong labels\n", "0.14 of the labels are wrong (0)", "| Wrong labels "}},
		{"synthetic", func(f *record.Fit) { f.Dataset, f.TrainImages, f.DataOfficial = "synthetic", 100, &no }, []string{"# Training runs: ResNet-8 on synthetic images, 100 images\n", "images other than the paper’s"}},
		{"not known", func(f *record.Fit) { f.TrainImages, f.TestImages, f.DataOfficial = 0, 0, nil }, []string{"# Training runs: ResNet-8 on CIFAR-10\n", "images trained on: not known", "official images: not known", "not known"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := markdown(t, made(t, []*load.Source{stream("srn", 0, 0.9, c.change), stream("ce", 0, 0.9, c.change)}))
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q", want)
				}
			}
			for line := range strings.Lines(text) {
				for _, row := range []string{"| Images trained on", "| Images tested on", "| Official images"} {
					changed := row == "| Images trained on" && c.name != "others" && c.name != "wrong labels" && c.name != "fewer test images" || row == "| Official images" || row == "| Images tested on" && (c.name == "fewer test images" || c.name == "not known")
					if strings.HasPrefix(line, row) && changed && strings.Contains(line, "as the paper") {
						t.Errorf("says %s", line)
					}
				}
			}
		})
	}
}

// A row of the paper's holds a method whatever its parameters; those that are
// not the source's are a footnote of the cell.
func TestRowsHoldMethods(t *testing.T) {
	sources := []*load.Source{stream("sam", 0, 0.91, parameter("sam.rho", 0.1)), stream("energy-ood", 0, 0.9, parameter("energy-ood.m-in", -27.0)), stream("label-smoothing", 0, 0.9, parameter("label-smoothing.epsilon", 0.1))}
	r := made(t, sources, "table2", "table5")
	text := markdown(t, r)
	for _, want := range []string{"sam.rho=0.1", "energy-ood.m-in=-27"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	for _, row := range r.Sections[0].Tables[0].Rows {
		if row[0] == "Energy-OOD" && !strings.HasPrefix(row[1], "90.00 (1)") {
			t.Errorf("%v", row)
		}
		if strings.HasPrefix(row[0], "energy-ood") {
			t.Errorf("a row of its own: %v", row)
		}
	}
	if strings.Contains(text, "label-smoothing.epsilon") {
		t.Error("the source's own parameter is a footnote")
	}
}

// What is asked for and not there is said.
func TestNothingToShow(t *testing.T) {
	r := made(t, []*load.Source{stream("ce", 0, 0.8)}, "guidance", "runs", "figure-3-1-1")
	want := []string{"guidance shows nothing: the records hold nothing of it", "figure-3-1-1 shows nothing: the records hold nothing of it"}
	if !slices.Equal(r.Missing, want) || !r.Shown {
		t.Errorf("shown %v, missing %q", r.Shown, r.Missing)
	}
	r = made(t, []*load.Source{stream("ce", 0, 0.8, func(f *record.Fit) { f.Arch = "resnet14" })}, "table4")
	if r.Shown || len(r.Missing) != 1 || !strings.HasPrefix(r.Missing[0], "table4 shows the paper’s values alone") {
		t.Errorf("shown %v, missing %q", r.Shown, r.Missing)
	}
}
