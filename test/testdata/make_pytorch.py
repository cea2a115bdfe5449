#!/usr/bin/env python3
"""Writes test/testdata/pytorch.zip, the files of docs/pytorch.md, by PyTorch:

    make_pytorch.py OUTPUT.zip      (from the root of the repository)

photos/{train,test}/CLASS/*.png   images of four classes, of 32x32 pixels
checkpoint.pth                    a ResNet-8 trained on them a little and saved
                                  as training scripts do: under state_dict, of
                                  DataParallel, in half precision, with the
                                  script's arguments; its classifier is called fc
weights.pth                       the state dict alone, its classifier head.0
option-b.pth                      some of one of a network with projections
photos.npz                        the images as arrays
expected.json                     accuracy and loss on the test images, float64

Then docs/pytorch.md can be followed line by line, which TestPyTorchPage does.
"""

import argparse
import io
import json
import pathlib
import sys
import zipfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "pkg/resnet/testdata"))
from cifar_resnet import build, normalise

CLASSES = ("birch", "fern", "moss", "oak")
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

generator = np.random.default_rng(1)
y, x = np.mgrid[:32, :32] / 32


def photo(label):
    """Stripes of a class's direction, and the colour and phase of an image."""
    angle = label * np.pi / 4
    wave = np.sin(2 * np.pi * (3 * (np.cos(angle) * x + np.sin(angle) * y) + generator.random()))
    colour = generator.integers(40, 216, 3)
    contrast = generator.integers(20, 40)
    return np.clip(colour + contrast * np.round(2 * wave)[..., None] / 2, 0, 255).astype(np.uint8)


def part(n):
    labels = np.repeat(np.arange(len(CLASSES)), n)
    return np.stack([photo(k) for k in labels]), labels


torch.manual_seed(0)
train, train_labels = part(20)
test, test_labels = part(10)
net = build("resnet8", len(CLASSES)).train()
optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
pixels, labels = normalise(train, MEAN, STD), torch.from_numpy(train_labels)
for step in range(30):
    picks = torch.randperm(len(labels))[:40]
    loss = F.cross_entropy(net(pixels[picks]), labels[picks])
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

state = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
net = build("resnet8", len(CLASSES)).double()
net.load_state_dict({k: v.double() if v.is_floating_point() else v for k, v in state.items()})
net.eval()
with torch.no_grad():
    logits = net(normalise(test, MEAN, STD, torch.float64))
expected = {
    "top1": (logits.argmax(1) == torch.from_numpy(test_labels)).double().mean().item(),
    "loss": F.cross_entropy(logits, torch.from_numpy(test_labels)).item(),
}


def saved(value):
    b = io.BytesIO()
    torch.save(value, b)
    return b.getvalue()


def png(image):
    b = io.BytesIO()
    Image.fromarray(image).save(b, format="PNG", optimize=True)
    return b.getvalue()


arrays = io.BytesIO()
np.savez_compressed(arrays, x_train=train, y_train=train_labels, x_test=test, y_test=test_labels)
checkpoint = {
    "epoch": 5,
    "arch": "resnet8",
    "args": argparse.Namespace(lr=0.05, workers=4),
    "state_dict": {"module." + k.replace("linear", "fc"): v for k, v in state.items()},
}
projections = {k: v for k, v in state.items() if not k.startswith("layer3")}
projections["layer2.0.downsample.0.weight"] = torch.zeros(32, 16, 1, 1)
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:

    def add(name, content):
        z.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)

    for name, images, of in (("train", train, train_labels), ("test", test, test_labels)):
        for i, (image, label) in enumerate(zip(images, of)):
            add(f"photos/{name}/{CLASSES[label]}/{i:02}.png", png(image))
    add("checkpoint.pth", saved(checkpoint))
    add("weights.pth", saved({k.replace("linear", "head.0"): v for k, v in state.items()}))
    add("option-b.pth", saved(projections))
    add("photos.npz", arrays.getvalue())
    add("expected.json", json.dumps(expected).encode())
print(expected)
