// Package measuretest makes the files that tests of the commands which examine
// checkpoints work on.
package measuretest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device/cpu"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// Write makes in a folder:
//
//	data.safetensors.zst      a small data set named synthetic, of 10 classes
//	net.safetensors.zst       an untrained ResNet-8 as srn-fit writes it, epoch 1
//	next.safetensors.zst      the same, its parameters moved a little, epoch 2
//	foreign.safetensors       the same network as a PyTorch state dict
//	hundred.safetensors       a state dict of 100 classes
//	nan.safetensors.zst       like net, with a NaN among the parameters
//	corrupted                 a folder like CIFAR-10-C: fog, of severity 1 the test images, then ever brighter
//	other.safetensors.zst     like net, trained on another artifact
func Write(dir string) error {
	at := func(name string) string { return filepath.Join(dir, name) }
	d := data()
	if err := d.Save(at("data.safetensors.zst"), artifact.Provenance{Tool: "test"}); err != nil {
		return err
	}
	if err := corrupt(at("corrupted"), &d.Test); err != nil {
		return err
	}
	net, err := network(10)
	if err != nil {
		return err
	}
	net.Meta.Training.DataSHA256 = d.SHA256
	save := func(name string, c checkpoint.Checkpoint, change func(*checkpoint.Checkpoint)) error {
		c.Params = slices.Clone(c.Params)
		if change != nil {
			change(&c)
		}
		return c.Save(at(name))
	}
	if err := save("net.safetensors.zst", *net, nil); err != nil {
		return err
	}
	if err := save("next.safetensors.zst", *net, func(c *checkpoint.Checkpoint) {
		c.Meta.Epoch = 2
		for i := range c.Params {
			c.Params[i] *= 1.01
		}
	}); err != nil {
		return err
	}
	if err := save("nan.safetensors.zst", *net, func(c *checkpoint.Checkpoint) { c.Params[7] = float32(math.NaN()) }); err != nil {
		return err
	}
	if err := save("other.safetensors.zst", *net, func(c *checkpoint.Checkpoint) {
		other := *c.Meta.Training
		other.DataSHA256 = "0123456789abcdef"
		c.Meta.Training = &other
	}); err != nil {
		return err
	}
	if err := foreign(at("foreign.safetensors"), net); err != nil {
		return err
	}
	hundred, err := network(100)
	if err != nil {
		return err
	}
	return foreign(at("hundred.safetensors"), hundred)
}

// data is random images whose brightness tells the class a little.
func data() *dataset.Data {
	r := rand.New(rand.NewPCG(1, 1))
	split := func(n int) dataset.Split {
		s := dataset.Split{Pixels: make([]byte, n*dataset.Pixels)}
		for i := range n {
			s.Labels = append(s.Labels, int32(i%10))
			for j := range dataset.Pixels {
				s.Pixels[i*dataset.Pixels+j] = byte(15*(i%10) + r.IntN(100))
			}
		}
		return s
	}
	d := &dataset.Data{
		Name: "synthetic", Train: split(40), Test: split(24),
		Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.25, 0.25, 0.25},
	}
	for _, c := range "0123456789" {
		d.Classes = append(d.Classes, string(c))
	}
	for i := range int32(40) {
		if i < 10 {
			d.MetaVal = append(d.MetaVal, i)
		} else {
			d.MetaTrain = append(d.MetaTrain, i)
		}
	}
	return d
}

// network is an initialised ResNet-8.
func network(classes int) (*checkpoint.Checkpoint, error) {
	be := cpu.New(1, kernels.Best())
	defer be.Close()
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: classes, Batch: 1, ForwardOnly: true})
	if err != nil {
		return nil, err
	}
	net.Init(1)
	return checkpoint.FromNet(net, checkpoint.Meta{
		Arch: "resnet8", NumClasses: classes, Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.25, 0.25, 0.25},
		Training: &record.Training{Data: record.Data{Dataset: "synthetic", TrainSplit: "train", TrainImages: 100, TestImages: 100},
			Methods: []string{"ce"}, Method: "ce", Parameters: map[string]any{}, Epochs: 2, BatchSize: 128, LR: 0.06, Schedule: "cosine",
			Momentum: 0.9, Augment: "crop-flip", Init: "torch", Seed: 3, Precision: "f32"},
		Epoch:      1,
		Provenance: artifact.Provenance{Tool: "srn-fit", Version: "test"},
	}), nil
}

// foreign saves a checkpoint as PyTorch's users have it.
func foreign(path string, c *checkpoint.Checkpoint) error {
	f, err := c.File()
	if err != nil {
		return err
	}
	f.Metadata = map[string]string{"format": "pt"}
	f.Tensors = append(f.Tensors, artifact.Int64s("bn1.num_batches_tracked", nil, []int64{10}))
	return artifact.Write(path, f)
}

// corrupt writes labels.npy and fog.npy.
func corrupt(dir string, test *dataset.Split) error {
	var pixels, labels []byte
	for severity := range 5 {
		for _, v := range test.Pixels {
			pixels = append(pixels, byte(min(255, int(v)+40*severity)))
		}
		for _, y := range test.Labels {
			labels = append(labels, byte(y))
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	array := func(name, shape string, data []byte) error {
		header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }", shape)
		header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
		b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		return os.WriteFile(filepath.Join(dir, name), append(append(b, header...), data...), 0o666)
	}
	n := len(labels)
	return errors.Join(array("labels.npy", fmt.Sprintf("%d,", n), labels), array("fog.npy", fmt.Sprintf("%d, 32, 32, 3", n), pixels))
}
