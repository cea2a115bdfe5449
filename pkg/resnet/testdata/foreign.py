#!/usr/bin/env python3
"""Exchanges checkpoints between PyTorch and the commands of this repository.

    foreign.py make --data DATA -o model.safetensors
        trains a ResNet-20 for a few steps and writes its state dict as PyTorch
        users do: every tensor, num_batches_tracked included, no metadata.
    foreign.py eval --data DATA CHECKPOINT...
        loads checkpoints, PyTorch's or ours, by load_state_dict(strict=False),
        and prints a JSON line with top-1 and mean loss over test images.

DATA is cifar-10-batches-bin or a data artifact. The numbers are to agree with
srn-eval's, which scores all test images (--first 10000), given the same --mean
and --std.
"""

import argparse
import json

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import cifar_files
from cifar_resnet import build, normalise


def make(args):
    torch.manual_seed(args.seed)
    mean, std = (cifar_files.constants({}, n, getattr(args, n)) for n in ("mean", "std"))
    pixels, labels = cifar_files.images(args.data, "train")
    net = build(args.arch, args.classes).train()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.06, momentum=0.9, weight_decay=5e-4)
    for _ in range(args.steps):
        picks = torch.randint(len(labels), (128,))
        loss = F.cross_entropy(net(normalise(pixels[picks], mean, std)), labels[picks])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    save_file(net.state_dict(), args.output)


def evaluate(args):
    pixels, labels = (t[: args.first] for t in cifar_files.images(args.data, "test"))
    for path in args.checkpoints:
        tensors, metadata = cifar_files.read(path)
        mean, std = (cifar_files.constants(metadata, n, getattr(args, n)) for n in ("mean", "std"))
        arch = args.arch or metadata.get("arch") or "resnet20"
        net = build(arch, tensors["linear.weight"].shape[0])
        keys = net.load_state_dict(tensors, strict=False)
        missing = [k for k in keys.missing_keys if not k.endswith("num_batches_tracked")]
        if missing:
            raise SystemExit(f"{path}: no {', '.join(missing)}")
        net.eval()
        with torch.no_grad():
            logits = torch.cat([net(normalise(p, mean, std)) for p in pixels.split(250)]).double()
        print(json.dumps({
            "checkpoint": path, "arch": arch, "n": len(labels),
            "top1": (logits.argmax(1) == labels).double().mean().item(),
            "loss": F.cross_entropy(logits, labels).item(),
            "unexpected": keys.unexpected_keys,
        }))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(required=True)
    p = sub.add_parser("make")
    p.set_defaults(run=make)
    p.add_argument("--arch", default="resnet20")
    p.add_argument("--classes", type=int, default=10)
    p.add_argument("--steps", type=int, default=150, help="batches of 128 images")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--mean", default="0.485,0.456,0.406")
    p.add_argument("--std", default="0.229,0.224,0.225")
    p.add_argument("-o", "--output", required=True)
    e = sub.add_parser("eval")
    e.set_defaults(run=evaluate)
    e.add_argument("--arch", help="default: the file's, or resnet20")
    e.add_argument("--first", type=int, default=1000, help="test images")
    e.add_argument("--mean", help="default: the file's")
    e.add_argument("--std", help="default: the file's")
    e.add_argument("checkpoints", nargs="+")
    for s in (p, e):
        s.add_argument("--data", required=True)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
