#!/usr/bin/env python3
"""Writes the files that the tests of pkg/torchfile read, with the PyTorch that
this Python has:

    make_files.py OUTPUT.zip

An archive of small files of torch.save, in both of its forms, and what they
hold as the tests expect it: "base" is 0, 1, … 11 in three rows of four.
"""

import argparse
import collections
import io
import pickle
import sys
import zipfile

import torch

base = torch.arange(12, dtype=torch.float32).reshape(3, 4)


def state():
    shared = base.clone()
    return collections.OrderedDict(
        [
            ("a.base", base.clone()),
            ("a.shared", shared),
            ("a.view", shared[1:, 2:]),
            ("a.transposed", shared.t()),
            ("a.expanded", torch.tensor([5.0]).expand(3)),
            ("a.f64", base.double()),
            ("a.f16", base.half()),
            ("a.bf16", base.bfloat16()),
            ("a.scalar", torch.tensor(7)),
            ("a.empty", torch.zeros(0, 2)),
            ("a.parameter", torch.nn.Parameter(base.clone())),
        ]
    )


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1, bias=False), torch.nn.BatchNorm2d(1))
        with torch.no_grad():
            self.layer[0].weight.fill_(3)

    def forward(self, x):
        return self.layer(x)


net = Net()
optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net(torch.ones(2, 1, 1, 1)).sum().backward()
optimiser.step()
with torch.no_grad():
    net.layer[0].weight.fill_(3)
ema = collections.OrderedDict((k, v + 1) for k, v in net.state_dict().items())

objects = {
    "plain": state(),
    "trained": {
        "epoch": 3,
        "state_dict": net.state_dict(),
        "state_dict_ema": ema,
        "optimizer": optimiser.state_dict(),
        "args": argparse.Namespace(lr=0.1, arch="resnet20"),
        "best": 91.73,
    },
    "model": {"model": net.state_dict(), "seed": 1},
    "net": {"net": net.state_dict(), "acc": 90.0, "epoch": 5},
    "nested": {"model": {"state_dict": net.state_dict()}},
    "several": {"student": net.state_dict(), "teacher": ema},
    "module": net,
    "tensor": base,
    "complex": {"a.x": torch.zeros(2, dtype=torch.complex64)},
}

with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:

    def add(name, write):
        b = io.BytesIO()
        write(b)
        z.writestr(zipfile.ZipInfo(name), b.getvalue(), zipfile.ZIP_DEFLATED)

    for name, value in objects.items():
        add(name + ".pt", lambda b: torch.save(value, b))
        add(name + ".th", lambda b: torch.save(value, b, _use_new_zipfile_serialization=False))
    add("protocol4.pt", lambda b: torch.save(objects["plain"], b, pickle_protocol=4))
    add("dumped.pkl", lambda b: pickle.dump(net.state_dict(), b))
    add("script.pt", lambda b: torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(1, 1))), b))
    # As if it had been saved on a GPU.
    b = io.BytesIO()
    torch.save(net.state_dict(), b, _use_new_zipfile_serialization=False)
    cpu, cuda = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:1"
    assert cpu in b.getvalue()
    add("cuda.th", lambda out: out.write(b.getvalue().replace(cpu, cuda)))
