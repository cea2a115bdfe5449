// Command srn-meta trains a surrogate of a classifier's generalisation risk,
// the Structural Risk Network.
package main

import "srn/pkg/cli"

func main() { cli.Main("srn-meta", description, &command{}) }

const description = `Meta-train a surrogate r(Θ;φ) of generalisation risk that reads a classifier's parameters.

Each round trains a classifier under the surrogate's guidance and then fits the surrogate to what
validation images say of that classifier. The surrogate is then frozen and guides srn-fit --method srn.`

const examples = `  The schedule of the paper (100 rounds, 8 inner epochs each):
    srn-meta --data cifar10.safetensors.zst --arch resnet20 -o srn.safetensors.zst --metrics meta.jsonl.zst

  Algorithm 1 step by step, with the gradient through the inner step:
    srn-meta --data cifar10.safetensors.zst --arch resnet8 --mode online --meta-grad unrolled -o srn.safetensors.zst

  What every flag decides, and why its default is what it is:
    srn-meta --describe

  How r followed its target:
    zstdcat meta.jsonl.zst | jq -r 'select(.type=="round") | [.round, .r, .s_meta] | @tsv'

  Go on after an interruption (the same command line, with --resume):
    srn-meta … --resume`
