#!/usr/bin/env python3
"""Writes rows.safetensors.zst and steps.safetensors.zst beside itself: what
PyTorch computes, in float64, for the losses and rules of this package that
have a published formula. Everything is written from the formulas.

    python make_reference.py            (PyTorch 2.x, numpy, zstandard, safetensors)

rows holds losses of logits and their gradients by autograd:

    z [N,K], t [N,K]      logits, target distributions (half of them one-hot)
    LOSS.loss [N], LOSS.grad [N,K], and gradients in parameters of the loss
    l-softmax.M.*         logits with a margin of features x and weights w
    barron.log_z          log Z at barron.alpha, by quadrature
    erasing.mean, .sd     of what a random rectangle covers and of its sides,
                          over a million draws, with their standard deviations

steps holds gradients in the parameters of the network and batch of
../../resnet/testdata/resnet8.safetensors.zst in training mode, after the
method's rule, of parameters with at most 200 numbers, and norms of all. The
held-out images are the batch mirrored.
"""

import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
import zstandard
from safetensors.torch import load

HERE = pathlib.Path(__file__).resolve().parent
RESNET = HERE.parent.parent / "resnet" / "testdata"
sys.path.insert(0, str(RESNET))
sys.dont_write_bytecode = True
from cifar_resnet import build, normalise  # noqa: E402
from make_reference import safetensors  # noqa: E402

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)


def normal(*shape):
    return torch.as_tensor(np.float64(np.float32(rng.standard_normal(shape))))


def cross_entropy(z, t):
    return -(t * F.log_softmax(z, -1)).sum(-1)


def entropy(z):
    return -(F.softmax(z, -1) * F.log_softmax(z, -1)).sum(-1)


def energy(z):
    return -torch.logsumexp(z, -1)


def kl(a, b):
    return (F.softmax(a, -1) * (F.log_softmax(a, -1) - F.log_softmax(b, -1))).sum(-1)


def robust(x, alpha, c):
    gap = abs(alpha - 2)
    return gap / alpha * (((x / c) ** 2 / gap + 1) ** (alpha / 2) - 1)


def log_partition(alpha):
    """log of the integral of exp(-robust(x, alpha, 1)), by the trapezoidal
    rule in x = sinh(t)."""
    t = torch.linspace(-46, 46, 200001)
    x = torch.sinh(t)
    return torch.log(torch.trapezoid(torch.cosh(t) * torch.exp(-robust(x, alpha, 1.0)), t))


def psi(cos, m):
    theta = torch.arccos(cos)
    k = torch.floor(theta.detach() * m / math.pi)
    return (-1) ** k * torch.cos(m * theta) - 2 * k


def smooth01(z, t, sharpness):
    p = F.softmax(z, -1)
    loss = 0
    for y in range(z.shape[-1]):
        others = torch.cat([p[:, :y], p[:, y + 1:]], -1).max(-1).values
        loss = loss + t[:, y] * torch.sigmoid(-sharpness * (p[:, y] - others))
    return loss


def smooth_error(z, t, sharpness):
    p = F.softmax(z, -1)
    return (t * (2 * torch.sigmoid(sharpness * (p.max(-1, keepdim=True).values - p)) - 1)).sum(-1)


def dlf(z, t, w, b, mix):
    a = (t * (F.log_softmax(z, -1) @ w + b)).sum(-1)
    return mix * cross_entropy(z, t) - (1 - mix) * torch.sigmoid(a)


def rows():
    n, k = 10, 6
    z, t = 2 * normal(n, k), F.softmax(normal(n, k), -1)
    t[: n // 2] = F.one_hot(torch.arange(n // 2) % k, k).double()
    out = {"z": z, "t": t}

    def record(name, loss, **parameters):
        x = z.clone().requires_grad_()
        values = loss(x)
        out[name + ".loss"] = values
        out[name + ".grad"], *rest = torch.autograd.grad(values.sum(), [x, *parameters.values()])
        for key, g in zip(parameters, rest):
            out[f"{name}.grad.{key}"] = g

    record("ce", lambda x: cross_entropy(x, t))
    hard = out["t"][: n // 2].argmax(-1)
    out["label-smoothing.loss"] = F.cross_entropy(z[: n // 2], hard, label_smoothing=0.1, reduction="none")
    record("confidence-penalty", lambda x: cross_entropy(x, t) - 0.3 * entropy(x))
    record("energy-in", lambda x: cross_entropy(x, t) + 0.1 * F.relu(energy(x) + 3) ** 2)
    record("energy-out", lambda x: 0.1 * F.relu(-2 - energy(x)) ** 2)
    record("logitnorm", lambda x: cross_entropy(x / (0.5 * (x.norm(dim=-1, keepdim=True) + 1e-7)), t))
    record("smooth01", lambda x: smooth01(x, t, 5.0))
    record("smooth-error", lambda x: smooth_error(x, t, 4.0))
    record("focal", lambda x: -(t * (1 - F.softmax(x, -1)) ** 2 * F.log_softmax(x, -1)).sum(-1))
    record("absolute-error", lambda x: (t * (1 - F.softmax(x, -1))).sum(-1))
    w, b = torch.eye(k) + 0.3 * normal(k, k), 0.3 * normal(k)
    out.update({"l2t-dlf.w": w, "l2t-dlf.b": b})
    record("l2t-dlf", lambda x: dlf(x, t, w, b, 0.3))

    # R-Drop and consistency: two predictions of every image.
    other = 2 * normal(n, k)
    a, c = z.clone().requires_grad_(), other.clone().requires_grad_()
    symmetric = kl(a, c) + kl(c, a)
    out["r-drop.other"], out["r-drop.divergence"] = other, symmetric
    out["r-drop.grad.a"], out["r-drop.grad.b"] = torch.autograd.grad(symmetric.sum(), [a, c])
    one = kl(a, c)
    out["consistency.divergence"] = one
    out["consistency.grad.a"], out["consistency.grad.b"] = torch.autograd.grad(one.sum(), [a, c])

    # Barron: latent shape and scale as in the module, c no less than 0.1.
    s, floor = torch.tensor([0.7, -0.5], requires_grad=True), 0.1
    out["barron.latent"] = s

    def barron(x):
        alpha = 0.001 + 1.998 * torch.sigmoid(s[0])
        scale = floor + (1 - floor) * F.softplus(s[1]) / math.log(2)
        rho = robust(F.softmax(x, -1) - t, alpha, scale)
        return (rho + torch.log(scale) + log_partition(alpha)).sum(-1)

    record("barron", barron, latent=s)
    out["barron.alpha"] = torch.tensor([0.05, 0.3, 1.0, 1.5, 1.95])
    out["barron.log_z"] = torch.stack([log_partition(v) for v in out["barron.alpha"]])
    assert abs(out["barron.log_z"][2] - torch.log(2 * math.e * torch.special.modified_bessel_k1(torch.tensor(1.0)))) < 1e-9

    # L-Softmax: the label's logit of features x and weights w, bias 0.4.
    x, w = normal(n, 5), normal(n, 5)
    out.update({"l-softmax.x": x, "l-softmax.w": w})
    for m in (2, 3, 4):
        fx, fw = x.clone().requires_grad_(), w.clone().requires_grad_()
        product, sizes = (fx * fw).sum(-1), fx.norm(dim=-1) * fw.norm(dim=-1)
        logit = (1.5 * product + sizes * psi(product / sizes, m)) / 2.5 + 0.4
        gx, gw = torch.autograd.grad(logit.sum(), [fx, fw])
        out.update({f"l-softmax.{m}.logit": logit, f"l-softmax.{m}.x": gx, f"l-softmax.{m}.w": gw})

    # Adaptive sharpness: perturbations and the surrogate gap of given vectors.
    v, at, other = normal(40), normal(40), normal(40)
    scaled = torch.arange(40) < 30
    scale = torch.where(scaled, at.abs() + 0.01, torch.ones(40))
    f = 1 / (1 + 2 * v**2)
    out.update({
        "vectors.g": v, "vectors.w": at, "vectors.p": other,
        "vectors.sam": 0.05 * v / v.norm(),
        "vectors.asam": 0.5 * scale**2 * v / (scale * v).norm(),
        "vectors.fsam": 0.1 * f * v / (v * f * v).sum().sqrt(),
        "vectors.gsam": other - 0.4 * (v - (v @ other) / (other @ other) * other),
    })

    # Mixup of a batch with another order.
    order, mixed = torch.tensor([3, 1, 4, 0, 2]), 0.7
    x = normal(5, 8)
    out.update({"mixup.x": x, "mixup.order": order.to(torch.int32), "mixup.mixed": mixed * x + (1 - mixed) * x[order]})
    a, b = z[:5], F.one_hot(torch.arange(5) % k, k).double()
    out["mixup.loss"] = mixed * cross_entropy(a, b) + (1 - mixed) * cross_entropy(a, b[order])
    out["mixup.t"] = b

    # Random erasing, drawn as the authors do.
    area, aspect = rng.uniform(0.02, 0.4, 10**6) * 1024, rng.uniform(0.3, 1 / 0.3, 10**6)
    h, w = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = (h < 32) & (w < 32)
    h, w = h[fits], w[fits]
    y, x = np.floor(rng.random(len(h)) * (33 - h)), np.floor(rng.random(len(h)) * (33 - w))
    statistics = np.stack([h * w / 1024, h, w, y, x])
    out["erasing.mean"], out["erasing.sd"] = map(torch.as_tensor, (statistics.mean(1), statistics.std(1)))
    return out


class Problem:
    """The network, its batch, and the batch mirrored as held-out images."""

    def __init__(self):
        raw = (RESNET / "resnet8.safetensors.zst").read_bytes()
        f = load(zstandard.ZstdDecompressor().stream_reader(raw).read())
        self.net = build("resnet8")
        self.net.load_state_dict({k: f[k] for k in self.net.state_dict() if k in f}, strict=False)
        self.net = self.net.double().train()
        self.x = normalise(f["pixels"], f["mean"].double(), f["std"].double(), torch.float64)
        self.y = f["labels"].long()
        self.params = {k: p.detach().clone().requires_grad_() for k, p in self.net.named_parameters()}

    def logits(self, params, x):
        return torch.func.functional_call(self.net, params, (x,))

    def gradient(self, params, loss, **more):
        """Of loss(logits, labels) of the batch, its mean."""
        value = loss(self.logits(params, self.x), self.y).mean()
        return dict(zip(params, torch.autograd.grad(value, list(params.values()), **more)))

    def held_out(self, params):
        return F.cross_entropy(self.logits(params, self.x.flip(3)), self.y)


def plain(z, y):
    return F.cross_entropy(z, y, reduction="none")


def size(v):
    return torch.sqrt(sum((x**2).sum() for x in v.values()))


def inner(a, b):
    return sum((a[k] * b[k]).sum() for k in a)


def image_gradients(p, w):
    """Gradients in the images and in the mirrored ones, to be differentiated."""
    for x in (p.x, p.x.flip(3)):
        x = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(F.cross_entropy(p.logits(w, x), p.y), x, create_graph=True)
        yield g.flatten(1)


def steps():
    p, out = Problem(), {}

    def record(name, grad):
        for key, g in grad.items():
            out[f"{name}.norm.{key}"] = g.norm()
            if g.numel() <= 200:
                out[f"{name}.grad.{key}"] = g.float()

    w, g = p.params, p.gradient(p.params, plain)

    def at(e):
        return p.gradient({k: (w[k] + e[k]).detach().requires_grad_() for k in w}, plain)

    rho = 0.5
    sam = at({k: rho * v / size(g) for k, v in g.items()})
    record("sam", sam)
    t = {k: w[k].abs() + 0.01 if k.endswith("weight") else torch.ones_like(w[k]) for k in w}
    tg = size({k: t[k] * v for k, v in g.items()})
    record("asam", at({k: rho * t[k] ** 2 * v / tg for k, v in g.items()}))
    f = {k: 1 / (1 + 2 * v**2) for k, v in g.items()}
    root = torch.sqrt(sum((v * f[k] * v).sum() for k, v in g.items()))
    record("fsam", at({k: rho * f[k] * v / root for k, v in g.items()}))
    along = inner(g, sam) / inner(sam, sam)
    record("gsam", {k: sam[k] - 0.4 * (g[k] - along * sam[k]) for k in w})

    # Spectral normalisation: one power step from a given u; u and v constant.
    used = {}
    for k, v in w.items():
        if v.dim() < 2:
            used[k] = v
            continue
        m = v.flatten(1)
        u = F.normalize(normal(m.shape[0]), dim=0)
        out[f"spectral-norm.u.{k}"] = u
        right = F.normalize(m.detach().T @ u, dim=0)
        left = F.normalize(m.detach() @ right, dim=0)
        used[k] = v / (left @ m @ right)
    value = F.cross_entropy(p.logits(used, p.x), p.y)
    record("spectral-norm", dict(zip(w, torch.autograd.grad(value, list(w.values())))))

    # GradAlign with the mirrored images in the place of the shaken ones.
    first = p.x.clone().requires_grad_()
    second = p.x.flip(3).clone().requires_grad_()
    value = F.cross_entropy(p.logits(w, first), p.y)
    (a,) = torch.autograd.grad(value, first, retain_graph=True)
    (b,) = torch.autograd.grad(F.cross_entropy(p.logits(w, second), p.y), second, create_graph=True)
    cosine = F.cosine_similarity(a.detach().flatten(1), b.flatten(1)).mean()
    out["gradalign.alignment"] = cosine
    record("gradalign", dict(zip(w, torch.autograd.grad(value + 0.7 * (1 - cosine), list(w.values())))))

    cosine = F.cosine_similarity(*image_gradients(p, w), dim=1).mean()
    record("gradalign-both", dict(zip(w, torch.autograd.grad(F.cross_entropy(p.logits(w, p.x), p.y) + 0.7 * (1 - cosine), list(w.values())))))

    # R-Drop: both copies one batch, features before the classifier masked.
    n = len(p.y)
    mask = torch.as_tensor(np.random.default_rng(11).integers(0, 2, (2 * n, w["linear.weight"].shape[1])) * 2.0)
    out["r-drop.mask"] = mask.float()
    hook = p.net.linear.register_forward_pre_hook(lambda _, x: (x[0] * mask,))
    a, b = p.logits(w, torch.cat([p.x, p.x])).chunk(2)
    hook.remove()
    value = F.cross_entropy(a, p.y) + F.cross_entropy(b, p.y) + 0.6 * 0.5 * (kl(a, b) + kl(b, a)).mean()
    record("r-drop", dict(zip(w, torch.autograd.grad(value, list(w.values())))))

    # Ren et al.: weights from inner products with the held-out gradient.
    v = dict(zip(w, torch.autograd.grad(p.held_out(w), list(w.values()))))
    products = []
    for i in range(len(p.y)):
        loss = plain(p.logits(w, p.x), p.y)[i]
        products.append(inner(dict(zip(w, torch.autograd.grad(loss, list(w.values())))), v))
    u = F.relu(torch.stack(products))
    out["val-guided.weights"] = u / u.sum()
    losses = plain(p.logits(w, p.x), p.y)
    record("val-guided", dict(zip(w, torch.autograd.grad((losses * out["val-guided.weights"]).sum(), list(w.values())))))

    # Losses that are taught through one step of size lr.
    lr = 0.1

    def taught(name, phi, loss, update):
        """Records the meta-gradient in phi, phi after its step, and the real
        step's gradient with it."""
        out[f"{name}.phi"] = phi.detach()
        phi = phi.detach().clone().requires_grad_()
        g = p.gradient(w, lambda z, y: loss(z, y, phi), create_graph=True)
        ahead = {k: w[k] - lr * g[k] for k in w}
        (meta,) = torch.autograd.grad(p.held_out(ahead), phi)
        out[f"{name}.meta"] = meta
        after = update(phi, meta)
        out[f"{name}.after"] = after
        record(name, p.gradient(w, lambda z, y: loss(z, y, after)))

    def adam(rate, decay):
        def update(phi, grad):
            phi = phi.detach().clone().requires_grad_()
            optimiser = torch.optim.Adam([phi], lr=rate, weight_decay=decay)
            phi.grad = grad
            optimiser.step()
            return phi.detach()

        return update

    hidden = 7

    def weighted(z, y, phi):
        w1, b1, w2, b2 = phi[:hidden], phi[hidden:2 * hidden], phi[2 * hidden:3 * hidden], phi[3 * hidden]
        ce = plain(z, y)
        weight = torch.sigmoid(F.relu(ce.detach()[:, None] * w1 + b1) @ w2 + b2)
        return weight * ce

    taught("meta-weight-net", 0.5 * normal(3 * hidden + 1), weighted, adam(0.05, 1e-4))

    n = 10

    def reshaped(z, y, phi):
        hot = F.one_hot(y, n).double()
        return dlf(z, hot, phi[: n * n].reshape(n, n), phi[n * n:], 0.5)

    start = torch.cat([torch.eye(n).flatten(), torch.zeros(n)]) + 0.2 * normal(n * n + n)
    taught("l2t-dlf", start, reshaped, lambda phi, grad: (phi - 0.3 * grad).detach())
    return out


for name, tensors in (("rows", rows()), ("steps", steps())):
    tensors = {k: np.ascontiguousarray(t.detach().numpy()) for k, t in tensors.items()}
    metadata = {"generator": f"make_reference.py, PyTorch {torch.__version__.split('+')[0]}, float64"}
    data = zstandard.ZstdCompressor(level=19).compress(safetensors(tensors, metadata))
    (HERE / f"{name}.safetensors.zst").write_bytes(data)
    print(f"{name}: {len(tensors)} tensors, {len(data)} bytes")
