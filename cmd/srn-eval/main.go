// Command srn-eval scores checkpoints on a split of a data artifact.
package main

import (
	"srn/pkg/cli"
)

func main() { cli.Main("srn-eval", description, &eval{}) }

const description = `Score checkpoints on the images of a split: accuracy, loss, calibration, confusion. One record a checkpoint.`

const examples = `  Test accuracy of every checkpoint of a run:
    srn-eval --data cifar10.safetensors.zst run/*.safetensors.zst | jq -c 'select(.type == "eval") | [.epoch, .top1, .loss]'

  A PyTorch checkpoint, of torch.save or as safetensors:
    srn-eval --data cifar10.safetensors.zst --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 model.pth

  On CIFAR-10-C, as Hendrycks & Dietterich publish it, the mean over its severities:
    srn-eval --data cifar10.safetensors.zst --corruptions CIFAR-10-C/ net.safetensors.zst | jq -s 'map(select(.type == "corrupted").top1) | add / length'

  From a pipe, with the confusion matrix:
    srn-fit … -o - | srn-eval --data cifar10.safetensors.zst --confusion -o eval.jsonl.zst -`
