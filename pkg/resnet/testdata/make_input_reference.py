#!/usr/bin/env python3
"""Writes resnet8-input.safetensors.zst beside itself: derivatives in the images
of the network and batch of resnet8.safetensors.zst, by PyTorch in float64.

    python make_input_reference.py            (PyTorch 2.x, numpy, zstandard, safetensors)

With L the mean cross-entropy in training mode, x the images and c the images
mirrored, divided by the number of images:

    input_grad    [2,32,32,3], gradient of L in the first two images
    mixed.P       gradient in P of <c, gradient of L in x>, of parameters with
                  at most 2400 numbers
    along.P       F64 scalar, that gradient of any P times v.P
"""

import pathlib

import torch
import torch.nn.functional as F
import zstandard
from safetensors.torch import load

from cifar_resnet import build, normalise
from make_reference import safetensors

HERE = pathlib.Path(__file__).resolve().parent

f = load(zstandard.ZstdDecompressor().stream_reader((HERE / "resnet8.safetensors.zst").read_bytes()).read())
net = build("resnet8")
net.load_state_dict({k: f[k] for k in net.state_dict() if k in f}, strict=False)
net = net.double().train()
x = normalise(f["pixels"], f["mean"].double(), f["std"].double(), torch.float64).requires_grad_()
c = x.detach().flip(3) / len(x)
(grad,) = torch.autograd.grad(F.cross_entropy(net(x), f["labels"].long()), x, create_graph=True)
names, params = zip(*net.named_parameters())
mixed = torch.autograd.grad((grad * c).sum(), params, allow_unused=True)
out = {"input_grad": grad[:2].permute(0, 2, 3, 1).contiguous().float()}
for name, p, m in zip(names, params, mixed):
    m = torch.zeros_like(p) if m is None else m  # the last bias
    out[f"along.{name}"] = (m * f[f"v.{name}"].double()).sum()
    if m.numel() <= 2400:
        out[f"mixed.{name}"] = m.float()
tensors = {k: t.detach().numpy() for k, t in out.items()}
metadata = {"generator": f"make_input_reference.py, PyTorch {torch.__version__.split('+')[0]}, float64"}
data = zstandard.ZstdCompressor(level=19).compress(safetensors(tensors, metadata))
path = HERE / "resnet8-input.safetensors.zst"
path.write_bytes(data)
print(f"{path.name}: {len(tensors)} tensors, {len(data)} bytes")
