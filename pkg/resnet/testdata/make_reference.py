#!/usr/bin/env python3
"""Writes resnet8.safetensors.zst and resnet20.safetensors.zst beside itself:
what PyTorch computes, in float64, for a network and a small batch.

    python make_reference.py            (PyTorch 2.x, numpy, zstandard)

Tensors of a file (F32 unless noted; P stands for every trainable parameter,
R for every running mean and variance, in PyTorch's names and layouts):

    P, R                  the network: weights, scales, biases, running statistics
    pixels                U8 [N,32,32,3]; input is (pixels/255 - mean)/std
    mean, std             [3]
    labels                I32 [N]
    v.P                   a direction in parameter space
    M.logits              [N,10]
    M.losses              [N], cross-entropy of each image
    M.loss                F64 scalar, their mean
    M.grad.P              gradient of the mean loss
    M.grad_norm.P         F64 scalar, its Euclidean norm
    M.hv.P                Hessian of the mean loss times v
    after.R               running statistics after one forward in training mode
    eval.lambda_max       F64 scalar, the Hessian's largest eigenvalue   (ResNet-8)
    sgd.losses            F64 [5], mean loss before each of five SGD steps in
                          training mode (lr 0.06, momentum 0.9, weight decay
                          5e-4 on all parameters, no Nesterov)           (ResNet-8)
    sgd.P, sgd.R          the network after the five steps               (ResNet-8)

M is the mode of BatchNorm: `eval` (running statistics) or `train` (batch
statistics, through which derivatives are taken). The file of ResNet-20 has
M.grad and M.hv in training mode alone.

No input of a ReLU is near zero in either mode: each channel's BatchNorm bias
is moved to the middle of a gap. Otherwise rounding could decide which side an
activation is on, and a comparison would measure luck. Weights have eight
significant bits, so that files are small.
"""

import copy
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import zstandard

from cifar_resnet import build, normalise

HERE = pathlib.Path(__file__).resolve().parent
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


def as_float32(x):
    """Values that float32 holds exactly, as float64."""
    return torch.as_tensor(np.asarray(x, np.float32).astype(np.float64))


def coarse(x):
    """Values rounded to eight significant bits."""
    return torch.as_tensor(np.asarray(x)).to(torch.bfloat16).double()


def images(rng, n):
    """Bytes with structure at several scales and saturated pixels among them."""
    x = np.zeros((n, 32, 32, 3))
    for size, weight in ((4, 55), (8, 35), (32, 25)):
        x += weight * rng.standard_normal((n, size, size, 3)).repeat(32 // size, 1).repeat(32 // size, 2)
    return np.clip(np.rint(x + 115), 0, 255).astype(np.uint8)


def relu_inputs(net, x, bn):
    """The input of bn, and of the ReLU behind it, in net's present mode."""
    seen = {}
    handles = [bn.register_forward_hook(lambda m, i, o: seen.update(bn=i[0].detach()))]
    relu = F.relu
    F.relu = lambda z: (seen.setdefault("relu", z.detach()) if "bn" in seen else None, relu(z))[1]
    try:
        with torch.no_grad():
            net(x)
    finally:
        F.relu = relu
        handles[0].remove()
    return seen["bn"], seen["relu"]


def widest_gap(values, reach):
    """The shift of at most `reach` that keeps the values farthest from zero."""
    s = np.sort(-values.ravel())
    s = s[(s > -reach) & (s < reach)]
    if len(s) < 2:
        return 0.0
    i = np.argmax(np.diff(s))
    return (s[i] + s[i + 1]) / 2


def both_modes(net):
    """Yields net in eval and in training mode; running statistics survive."""
    for mode in (False, True):
        twin = copy.deepcopy(net)
        twin.train(mode)
        yield twin


def randomise(net, x, rng):
    """Fills net with values among which no part is trivial."""
    for name, p in net.named_parameters():
        if name == "linear.bias":
            p.data = coarse(0.5 * rng.standard_normal(p.shape))
        elif p.dim() > 1:
            fan_in = p[0].numel()
            p.data = coarse(np.sqrt(2 / fan_in) * rng.standard_normal(p.shape))
    margin = np.inf
    for bn_name, bn in net.named_modules():
        if not isinstance(bn, nn.BatchNorm2d):
            continue
        c = bn.num_features
        bn.weight.data = as_float32(rng.uniform(0.4, 1.2, c) * np.where(rng.random(c) < 0.15, -1, 1))
        bn.bias.data = as_float32(0.3 * rng.standard_normal(c))
        net.eval()
        z, _ = relu_inputs(net, x, bn)
        var, mean = torch.var_mean(z, (0, 2, 3))
        sd = var.sqrt().numpy()
        bn.running_mean = as_float32(mean.numpy() + 0.3 * sd * rng.standard_normal(c))
        bn.running_var = as_float32(var.numpy() * rng.uniform(0.6, 1.8, c))
        inputs = []
        for twin in both_modes(net):
            inputs.append(relu_inputs(twin, x, dict(twin.named_modules())[bn_name])[1].transpose(0, 1).flatten(1))
        values = torch.cat(inputs, 1).numpy()
        shift = [widest_gap(values[i], 0.5) for i in range(c)]
        bn.bias.data = as_float32(bn.bias.numpy(force=True) + shift)
        for twin in both_modes(net):
            z = relu_inputs(twin, x, dict(twin.named_modules())[bn_name])[1]
            margin = min(margin, z.abs().min().item())
    return margin


def derivatives(net, x, y, v):
    """Logits, losses, gradient and Hessian-vector product in net's present mode."""
    params = list(net.parameters())
    logits = net(x)
    losses = F.cross_entropy(logits, y, reduction="none")
    grad = torch.autograd.grad(losses.mean(), params, create_graph=True)
    hv = torch.autograd.grad(grad, params, v)
    return logits.detach(), losses.detach(), [g.detach() for g in grad], hv


def largest_eigenvalue(net, x, y, rng, tolerance=1e-10, limit=300):
    """Lanczos with full re-orthogonalisation, until the residual is below
    tolerance times the eigenvalue."""
    params = list(net.parameters())
    grad = torch.autograd.grad(F.cross_entropy(net(x), y), params, create_graph=True)
    flat = torch.cat([g.reshape(-1) for g in grad])
    q = torch.as_tensor(rng.standard_normal(flat.numel()))
    basis, alpha, beta = [q / q.norm()], [], []
    while len(alpha) < limit:
        w = torch.autograd.grad(flat, params, basis[-1], retain_graph=True)
        w = torch.cat([h.reshape(-1) for h in w])
        alpha.append(torch.dot(w, basis[-1]).item())
        for _ in range(2):
            q = torch.stack(basis)
            w = w - q.T @ (q @ w)
        beta.append(w.norm().item())
        values, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1))
        residual = beta[-1] * abs(vectors[-1, -1])
        if residual < tolerance * abs(values[-1]):
            return values[-1], residual, len(alpha)
        basis.append(w / beta[-1])
    raise RuntimeError(f"Lanczos: residual {residual:g} after {limit} steps")


def sgd(net, x, y, steps=5):
    net.train()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.06, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(x), y)
        losses.append(loss.item())
        loss.backward()
        optimiser.step()
    return losses


def running(net):
    return {k: b for k, b in net.named_buffers() if "running" in k}


def results(net, pixels, labels, v, dtype, steps):
    """Everything computed from a network, named as in the file."""
    mean, std = (as_float32(m).to(dtype) for m in (MEAN, STD))
    x, y = normalise(pixels, mean, std, dtype), torch.as_tensor(labels).long()
    net = copy.deepcopy(net).to(dtype)
    names = [n for n, _ in net.named_parameters()]
    out = {}
    for mode in ("eval", "train"):
        twin = copy.deepcopy(net)
        twin.train(mode == "train")
        logits, losses, grad, hv = derivatives(twin, x, y, [d.to(dtype) for d in v])
        out[f"{mode}.logits"], out[f"{mode}.losses"], out[f"{mode}.loss"] = logits, losses, losses.mean()
        for n, g, h in zip(names, grad, hv):
            out[f"{mode}.grad.{n}"], out[f"{mode}.grad_norm.{n}"], out[f"{mode}.hv.{n}"] = g, g.norm(), h
    out.update({f"after.{k}": b for k, b in running(twin).items()})
    if steps:
        twin = copy.deepcopy(net)
        out["sgd.losses"] = torch.tensor(sgd(twin, x, y, steps), dtype=dtype)
        out.update({f"sgd.{k}": t.detach() for k, t in [*twin.named_parameters(), *running(twin).items()]})
    return out


def relative(a, b):
    return ((a.double() - b).norm() / b.norm()).item()


def safetensors(tensors, metadata):
    """The bytes of a safetensors file. The library's own writer orders the
    metadata differently on every run."""
    names = {np.float64: "F64", np.float32: "F32", np.int32: "I32", np.uint8: "U8"}
    header, chunks, end = {"__metadata__": metadata}, [], 0
    for k, t in sorted(tensors.items(), key=lambda kt: (-kt[1].itemsize, kt[0])):
        header[k] = {"dtype": names[t.dtype.type], "shape": t.shape, "data_offsets": [end, end + t.nbytes]}
        chunks.append(t.tobytes())
        end += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *chunks])


def write(arch, n, seed, complete):
    rng = np.random.default_rng(seed)
    net = build(arch).double()
    pixels = images(rng, n)
    labels = rng.permutation(np.arange(n) % 10).astype(np.int32)
    x = normalise(pixels, as_float32(MEAN), as_float32(STD), torch.float64)
    margin = randomise(net, x, rng)
    v = [torch.as_tensor(np.rint(4 * rng.standard_normal(p.shape)) / 4) for p in net.parameters()]
    out = results(net, pixels, labels, v, torch.float64, 5 if complete else 0)

    print(f"{arch}: {n} images, nearest input of a ReLU to zero {margin:.1e}")
    single = results(net, pixels, labels, v, torch.float32, 5 if complete else 0)
    worst = {}
    for k, t in out.items():
        group = ".".join(k.split(".")[:2]) if k.startswith(("eval", "train")) else k.split(".")[0]
        worst[group] = max(worst.get(group, (0, "")), (relative(single[k], t), k))
    for group, (error, k) in worst.items():
        print(f"  float32 of PyTorch differs by {error:.1e} at most in {group} ({k})")
    if complete:
        net.eval()
        value, residual, steps = largest_eigenvalue(net, x, torch.as_tensor(labels).long(), rng)
        out["eval.lambda_max"] = torch.tensor(value, dtype=torch.float64)
        print(f"  lambda_max {value:.12g}, residual {residual:.1e}, {steps} steps; losses of SGD", out["sgd.losses"].tolist())
    else:
        out = {k: t for k, t in out.items() if not k.startswith(("eval.grad.", "eval.hv."))}
    print(f"  loss {out['eval.loss']:.6f} eval, {out['train.loss']:.6f} train")

    out.update({k: t.detach() for k, t in [*net.named_parameters(), *running(net).items()]})
    out.update({f"v.{k}": t for (k, _), t in zip(net.named_parameters(), v)})
    wide = ("loss", "lambda_max", "sgd.losses")
    tensors = {}
    for k, t in out.items():
        keep = k.endswith(wide) or ".grad_norm." in k
        tensors[k] = t.numpy() if keep else t.float().numpy()
    tensors.update(pixels=pixels, labels=labels, mean=np.float32(MEAN), std=np.float32(STD))
    metadata = {
        "arch": arch, "num_classes": "10",
        "mean": ",".join(map(str, MEAN)), "std": ",".join(map(str, STD)),
        "generator": f"make_reference.py, PyTorch {torch.__version__.split('+')[0]}, float64",
    }
    data = zstandard.ZstdCompressor(level=19).compress(safetensors(tensors, metadata))
    path = HERE / f"{arch}.safetensors.zst"
    path.write_bytes(data)
    print(f"  {path.name}: {len(tensors)} tensors, {len(data)} bytes")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    write("resnet8", 8, 1, complete=True)
    write("resnet20", 4, 2, complete=False)
