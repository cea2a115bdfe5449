package main

import (
	"log"
	"os"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/device/cpu"
	"srn/pkg/resnet"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"

	kernels "srn/kernels/cpu"
)

// makeData is the scripts' command "make-data SEED [CLASSES [noisy]]": a small data
// set, of 3 classes unless given, in data.safetensors.zst, a surrogate for its ResNet-8 in srn.safetensors.zst and
// one whose score is at its ceiling in clamped.safetensors.zst.
func makeData() {
	seed, err := strconv.ParseUint(os.Args[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	classes := []string{"dark", "grey", "light"}
	if len(os.Args) > 2 {
		n, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		for i := len(classes); i < n; i++ {
			classes = append(classes, "class "+strconv.Itoa(i))
		}
	}
	d := &dataset.Data{Name: "synthetic", Classes: classes,
		Mean: [3]float32{.5, .5, .5}, Std: [3]float32{.25, .25, .25}}
	for _, s := range []*dataset.Split{&d.Train, &d.Test} {
		for i := range 60 {
			s.Labels = append(s.Labels, int32(i%3))
			for j := range dataset.Pixels {
				s.Pixels = append(s.Pixels, byte(i%3*60+(i*7919+j*104729+int(seed))%97))
			}
		}
	}
	if err := d.Part(0.1, seed); err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 3 {
		if err := d.Mislabel("symmetric", 0.5, seed); err != nil {
			log.Fatal(err)
		}
	}
	if err := d.Save("data.safetensors.zst", artifact.Provenance{Tool: "test", Version: cli.Version()}); err != nil {
		log.Fatal(err)
	}
	saveSurrogate("srn.safetensors.zst", d, surrogate.DefaultConfig().RMax, seed)
	saveSurrogate("clamped.safetensors.zst", d, 1e-6, seed)
}

// saveSurrogate writes a surrogate for the ResNet-8 of a data set, with a
// ceiling of r.
func saveSurrogate(path string, d *dataset.Data, ceiling float64, seed uint64) {
	config := surrogate.DefaultConfig()
	config.Channels, config.RMax = []int{16}, ceiling
	layout, _, err := resnet.Layouts("resnet8", len(d.Classes))
	if err != nil {
		log.Fatal(err)
	}
	s, err := surrogate.New(cpu.New(1, kernels.Best()), config, layout)
	if err != nil {
		log.Fatal(err)
	}
	s.Init(seed)
	err = surrogate.Save(path, s, &surrogate.File{Arch: "resnet8", Dataset: d.Name, DataSHA256: d.SHA256, Meta: surrogatetest.Meta(),
		Provenance: artifact.Provenance{Tool: "test", Version: cli.Version()}})
	if err != nil {
		log.Fatal(err)
	}
}
