#!/usr/bin/env python3
"""A whole training run in PyTorch by the protocol of srn-fit's default: does the
same network reach the same accuracy? Cross-entropy, SGD with momentum 0.9,
learning rate 0.06 falling as a cosine once an epoch, batches of 128, crops over
a border of the mean, flips.

    train_peer.py --data DATA --epochs 30 [--seed 0] [--weight-decay 5e-4]

prints a line of JSON an epoch, as srn-fit's records have it.
"""

import argparse
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pkg/resnet/testdata"))
import cifar_files  # noqa: E402
from cifar_resnet import build, normalise  # noqa: E402

PADDING = 4


def batches(x, y, size):
    """Shuffled batches, each image cropped and flipped by itself."""
    padded = F.pad(x, (PADDING,) * 4)
    order, span = torch.randperm(len(y)), torch.arange(32)
    for picks in order.split(size):
        n = len(picks)
        columns = torch.where(torch.rand(n, 1) < 0.5, span, 31 - span) + torch.randint(2 * PADDING + 1, (n, 1))
        rows = span + torch.randint(2 * PADDING + 1, (n, 1))
        crop = padded[picks[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        yield crop.permute(0, 3, 1, 2), y[picks]  # NHWC in memory


def score(net, x, y):
    net.eval()
    with torch.inference_mode():
        logits = torch.cat([net(part) for part in x.split(500)])
    return {"test_top1": (logits.argmax(1) == y).double().mean().item(), "test_loss": F.cross_entropy(logits, y).item()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data artifact, or cifar-10-batches-bin")
    parser.add_argument("--arch", default="resnet8")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--weight-decay", type=float, default=0)
    parser.add_argument("--eval-every", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    pixels, labels = cifar_files.images(args.data, "train")
    scaled = pixels.double() / 255
    mean, std = scaled.mean((0, 1, 2)), scaled.std((0, 1, 2), correction=0)
    x = normalise(pixels, mean, std, torch.float32).contiguous(memory_format=torch.channels_last)
    test, test_labels = cifar_files.images(args.data, "test")
    test = normalise(test, mean, std, torch.float32).contiguous(memory_format=torch.channels_last)

    net = build(args.arch).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.06, momentum=0.9, weight_decay=args.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    for epoch in range(1, args.epochs + 1):
        start, loss_sum, correct = time.perf_counter(), 0.0, 0
        net.train()
        for images, targets in batches(x, labels, 128):
            optimizer.zero_grad()
            logits = net(images)
            loss = F.cross_entropy(logits, targets)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(targets)
            correct += (logits.argmax(1) == targets).sum().item()
        record = {"epoch": epoch, "train_loss": loss_sum / len(labels), "train_top1": correct / len(labels),
                  "lr": schedule.get_last_lr()[0]}
        schedule.step()
        seconds = time.perf_counter() - start
        if epoch % args.eval_every == 0 or epoch == args.epochs:
            record |= score(net, test, test_labels)
        print(json.dumps(record | {"epoch_seconds": round(seconds, 2)}), flush=True)


if __name__ == "__main__":
    main()
