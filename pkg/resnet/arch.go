// Package resnet builds the CIFAR residual networks of He et al. 2016
// (section 4.2) from the operations of a backend: a 3×3 stem of 16 channels,
// three groups of n blocks with 16, 32 and 64 channels, identity shortcuts
// (option A where the shape changes), mean pooling and a linear classifier.
//
// A network's passes are planned when it is built: lists of stages over
// fixed buffers. Forward, backward and the tangents of both are exact, so
// that Hessian-vector products need no finite differences.
package resnet

import (
	"fmt"
	"strconv"
	"strings"

	"srn/pkg/nn"
)

const (
	imageSize     = 32
	imageChannels = 3
	features      = 64 // of an image, read by the classifier
)

// Blocks returns n of an architecture name "resnet6n+2", such as resnet20.
func Blocks(arch string) (int, error) {
	depth, err := strconv.Atoi(strings.TrimPrefix(arch, "resnet"))
	if !strings.HasPrefix(arch, "resnet") || err != nil || depth < 8 || depth > 1202 || (depth-2)%6 != 0 {
		return 0, fmt.Errorf("architecture %q is not one of resnet8, resnet20, resnet32 or another resnet6n+2", arch)
	}
	return (depth - 2) / 6, nil
}

// unitNames names a convolution and the batch normalisation after it.
type unitNames struct{ conv, bn string }

// unitShape is a convolution of the network.
type unitShape struct {
	unitNames
	in, out int // channels
	size    int // height and width of the input
	stride  int
}

// shapes lists the network's convolutions: the stem, then two for each block.
func shapes(n int) []unitShape {
	list := []unitShape{{unitNames{"conv1", "bn1"}, imageChannels, 16, imageSize, 1}}
	in, size := 16, imageSize
	for group, out := range []int{16, 32, 64} {
		for block := range n {
			stride := 1
			if group > 0 && block == 0 {
				stride = 2
			}
			prefix := fmt.Sprintf("layer%d.%d.", group+1, block)
			list = append(list,
				unitShape{unitNames{prefix + "conv1", prefix + "bn1"}, in, out, size, stride},
				unitShape{unitNames{prefix + "conv2", prefix + "bn2"}, out, out, size / stride, 1})
			in, size = out, size/stride
		}
	}
	return list
}

// Layouts returns where the trainable parameters lie in a network's flat
// vector, in PyTorch's order, and where its running statistics lie in theirs.
func Layouts(arch string, classes int) (params, running nn.Layout, err error) {
	n, err := Blocks(arch)
	if err != nil {
		return nil, nil, err
	}
	if classes < 2 {
		return nil, nil, fmt.Errorf("a classifier needs at least 2 classes, not %d", classes)
	}
	for _, s := range shapes(n) {
		params.Add(s.conv+".weight", s.out, s.in, 3, 3)
		params.Add(s.bn+".weight", s.out)
		params.Add(s.bn+".bias", s.out)
		running.Add(s.bn+".running_mean", s.out)
		running.Add(s.bn+".running_var", s.out)
	}
	params.Add("linear.weight", classes, features)
	params.Add("linear.bias", classes)
	return params, running, nil
}
