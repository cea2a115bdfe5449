// Command srn-split makes the dataset file that the other commands read: the
// images of CIFAR-10, CIFAR-100, one's own folders or arrays, or a synthetic data
// set, and their parts for fitting and validation.
package main

import (
	"srn/pkg/cli"
)

func main() { cli.Main("srn-split", description, &split{}) }

const description = `Make a dataset file: images, labels and normalisation constants of CIFAR-10, CIFAR-100, folders of PNG and JPEG files, NumPy's arrays or a synthetic data set, with the training images parted into meta_train and meta_val. The parts are stratified by class and chosen by the images' content, so that they do not depend on the archive's version or order.`

const examples = `From an archive as its author publishes it, binary or python version:
  srn-split --dataset cifar10 --data cifar-10-binary.tar.gz -o cifar10.safetensors.zst

From unpacked files, other parts, rewritten only where something changes:
  srn-split --dataset cifar100 --data cifar-100-python --val-fraction 0.2 --seed 1 --if-changed -o cifar100.safetensors.zst

Your own images, train/CLASS/*.png and test/CLASS/*.png, or CLASS/*.png:
  srn-split --dataset folder --data flowers -o flowers.safetensors.zst
  srn-split --dataset folder --data flowers --test-fraction 0.2 --resize area -o flowers.safetensors.zst

CIFAR-10.1's test images, with the training images that networks have seen:
  srn-split --dataset cifar10.1 --data cifar10.1_v6_data.npy --train cifar10.safetensors.zst -o cifar10.1.safetensors.zst

Without any download:
  srn-split --dataset synthetic -o synthetic.safetensors.zst

What was made, for a script:
  srn-split --dataset cifar10 --data cifar-10-binary.tar.gz -o cifar10.safetensors.zst --json | jq .mean

The artifact is a zstd-compressed safetensors file:
  zstd -d cifar10.safetensors.zst`
