package main

import (
	"path/filepath"

	kernels "srn/kernels/cpu"
	"srn/pkg/checkpoint"
	"srn/pkg/device/cpu"
	"srn/pkg/resnet"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

// writeGuided adds to the files of measuretest:
//
//	srn.safetensors     a surrogate of ResNet-8 on 10 classes
//	fit.safetensors     net as a run of 2 epochs at learning rate 0.1 left it after the first
//	deep.safetensors    an untrained ResNet-14
func writeGuided(dir string) error {
	be := cpu.New(1, kernels.Best())
	defer be.Close()
	c, err := checkpoint.Load(filepath.Join(dir, "net.safetensors.zst"), checkpoint.Overrides{})
	if err != nil {
		return err
	}
	layout, _, err := c.Layouts()
	if err != nil {
		return err
	}
	config := surrogate.DefaultConfig()
	s, err := surrogate.New(be, config, layout)
	if err != nil {
		return err
	}
	s.Init(1)
	if err := surrogate.Save(filepath.Join(dir, "srn.safetensors"), s, &surrogate.File{Config: config, Arch: "resnet8", Dataset: "synthetic", Meta: surrogatetest.Meta()}); err != nil {
		return err
	}
	c.Meta.Training.LR = 0.1
	if err := c.Save(filepath.Join(dir, "fit.safetensors")); err != nil {
		return err
	}
	deep, err := resnet.New(be, resnet.Config{Arch: "resnet14", Classes: 10, Batch: 1, ForwardOnly: true})
	if err != nil {
		return err
	}
	deep.Init(1)
	c.Meta.Arch = "resnet14"
	return checkpoint.FromNet(deep, c.Meta).Save(filepath.Join(dir, "deep.safetensors"))
}
