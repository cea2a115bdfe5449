// Command srn-fit trains a classifier by one of the methods, from scratch or
// from where an interrupted run was saved.
package main

import (
	"srn/pkg/cli"
)

func main() { cli.Main("srn-fit", description, &fit{}) }

const description = `Train a CIFAR residual network by one of the methods and write its checkpoint.`

const examples = `  Plain cross-entropy for 200 epochs with the paper's protocol:
    srn-fit --data cifar10.safetensors.zst --arch resnet20 --method ce -o ce.safetensors.zst --metrics ce.jsonl.zst

  Guided by a surrogate of srn-meta, with a checkpoint every 10 epochs:
    srn-fit --data cifar10.safetensors.zst --arch resnet20 --method srn --srn srn.safetensors.zst \
        --checkpoint-every 10 --checkpoints series/ -o srn20.safetensors.zst --metrics srn20.jsonl.zst

  Go on after an interruption (the same command line, with --resume):
    srn-fit … --resume`
