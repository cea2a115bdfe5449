#!/usr/bin/env python3
"""Writes curvature8.safetensors.zst beside itself: what PyTorch and PyHessian
compute, in float64, of the curvature at the network and the eight images of
pkg/resnet/testdata/resnet8.safetensors.zst, BatchNorm with running statistics.

    python make_reference.py            (PyTorch 2.x, numpy, zstandard, pyhessian)

Tensors (F64 unless noted; P stands for every trainable parameter; v.P, the
direction, is in the other file):

    ggn.P, fisher.P           F32, products of the generalised Gauss-Newton and of
                              the empirical Fisher matrix with v, from the
                              Jacobian of the logits
    ggn.eigenvalues           [72], all that are not zero: 8 images x 9
    fisher.eigenvalues        [8], likewise
    hessian.largest           [6], descending, by Lanczos to residuals of 1e-9
    hessian.smallest          [6], ascending
    margin.extremes           [2], largest and smallest of the mean smoothed
                              margin's Hessian, tau = 1
    hessian.conv1.weight      [432], the whole spectrum of that tensor's block,
                              ascending, from the dense matrix
    pyhessian.eigenvalues     [3], top_n=3, maxIter=1000, tol=1e-7
    pyhessian.default         [1], top_n=1 with its defaults
    pyhessian.trace           [2], mean and standard error of 100 samples

PyHessian's density calls torch.eig, which PyTorch 2 has not.
"""

import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
import zstandard
from pyhessian import hessian

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "resnet/testdata"))
from cifar_files import read  # noqa: E402
from cifar_resnet import build, normalise  # noqa: E402
from make_reference import safetensors  # noqa: E402


def flat(tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


def gradient(y, params, **kw):
    return flat(torch.autograd.grad(y, params, **kw))


def hessian_operator(value, params):
    """Products with the Hessian of a scalar."""
    g = gradient(value, params, create_graph=True)
    return lambda v: gradient(g, params, grad_outputs=v, retain_graph=True)


def lanczos(product, dim, k, largest, tolerance=1e-9, limit=600):
    """The k outermost eigenvalues at one end, with full re-orthogonalisation."""
    torch.manual_seed(1)
    sign = 1.0 if largest else -1.0
    q = torch.randn(dim, dtype=torch.float64)
    basis, alpha, beta = [q / q.norm()], [], []
    while len(alpha) < limit:
        w = sign * product(basis[-1])
        alpha.append(torch.dot(w, basis[-1]).item())
        q = torch.stack(basis)
        for _ in range(2):
            w = w - q.T @ (q @ w)
        beta.append(w.norm().item())
        if len(alpha) > 2 * k:
            values, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1))
            if np.all(beta[-1] * np.abs(vectors[-1, -k:]) < tolerance * np.abs(values).max()):
                print(f"  Lanczos: {len(alpha)} products")
                return sign * values[::-1][:k]
        basis.append(w / beta[-1])
    raise RuntimeError(f"Lanczos has not converged in {limit} steps")


def main():
    tensors, metadata = read(str(HERE.parents[1] / "resnet/testdata/resnet8.safetensors.zst"))
    net = build(metadata["arch"])
    state = {k: tensors[k] for k in net.state_dict() if k in tensors}
    net.load_state_dict(state, strict=False)
    net = net.double().eval()
    names, params = zip(*net.named_parameters())
    v = flat([tensors[f"v.{n}"] for n in names]).double()
    x = normalise(tensors["pixels"], tensors["mean"].double(), tensors["std"].double(), torch.float64)
    y = tensors["labels"].long()
    n = len(y)

    logits = net(x)
    classes = logits.shape[1]
    p = logits.softmax(1).detach()
    jacobian = torch.stack([gradient(z, params, retain_graph=True) for z in logits.reshape(-1)])
    jacobian = jacobian.reshape(n, classes, -1)
    # H_z = B B^T of an image, so that J^T H_z J has the spectrum of (B^T J)(B^T J)^T.
    root = torch.stack([torch.diag(q.sqrt()) - torch.outer(q, q.sqrt()) for q in p])
    half = torch.einsum("nck,ncd->nkd", root, jacobian).reshape(n * classes, -1) / n**0.5
    slopes = torch.einsum("nc,ncd->nd", p - F.one_hot(y, classes), jacobian) / n**0.5

    out = {}
    for name, rows in (("ggn", half), ("fisher", slopes)):
        product, at = rows.T @ (rows @ v), 0
        for key, q in zip(names, params):
            out[f"{name}.{key}"] = product[at : at + q.numel()].reshape(q.shape).float().numpy()
            at += q.numel()
        values = torch.linalg.eigvalsh(rows @ rows.T).flip(0)
        rank = n * (classes - 1) if name == "ggn" else n
        print(f"{name}: trace {values.sum():.9g}, from {values[0]:.9g} to {values[rank - 1]:.3g}, rest below {values[rank:].abs().max() if rank < len(values) else 0:.1e}")
        out[f"{name}.eigenvalues"] = values[:rank].numpy()

    loss = F.cross_entropy(logits, y)
    product = hessian_operator(loss, params)
    out["hessian.largest"] = lanczos(product, len(v), 6, True)
    out["hessian.smallest"] = lanczos(product, len(v), 6, False)
    others = ~F.one_hot(y, classes).bool()
    margin = (logits[~others] - logits[others].reshape(n, -1).logsumexp(1)).mean()
    product = hessian_operator(margin, params)
    out["margin.extremes"] = np.array([lanczos(product, len(v), 1, True)[0], lanczos(product, len(v), 1, False)[0]])

    weight = [net.conv1.weight]
    g = gradient(loss, weight, create_graph=True)
    dense = torch.stack([gradient(e, weight, retain_graph=True) for e in g])
    out["hessian.conv1.weight"] = torch.linalg.eigvalsh((dense + dense.T) / 2).numpy()

    def peer():
        torch.manual_seed(0)
        return hessian(net, torch.nn.CrossEntropyLoss(), data=(x, y), cuda=False)

    out["pyhessian.eigenvalues"] = np.array(peer().eigenvalues(maxIter=1000, tol=1e-7, top_n=3)[0])
    out["pyhessian.default"] = np.array(peer().eigenvalues()[0])
    samples = np.array(peer().trace(maxIter=100, tol=0))
    out["pyhessian.trace"] = np.array([samples.mean(), samples.std(ddof=1) / len(samples) ** 0.5])
    for k in sorted(k for k, t in out.items() if t.size < 20):
        print(f"{k}: {np.array2string(out[k], precision=9)}")

    version = torch.__version__.split("+")[0]
    out = {k: np.ascontiguousarray(t) for k, t in out.items()}
    data = safetensors(out, {"generator": f"make_reference.py, PyTorch {version}, PyHessian 0.1, float64"})
    data = zstandard.ZstdCompressor(level=19).compress(data)
    (HERE / "curvature8.safetensors.zst").write_bytes(data)
    print(f"{len(out)} tensors, {len(data)} bytes")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    main()
