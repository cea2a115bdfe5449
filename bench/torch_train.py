#!/usr/bin/env python3
"""What PyTorch on the CPU makes of the work that srn-fit, srn-eval and
srn-hessian do. Prints one JSON line a measurement; bench/README.md says how to
run it and what the fields mean.
"""

import argparse
import json
import pathlib
import resource
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pkg/resnet/testdata"))
import cifar_files  # noqa: E402
from cifar_resnet import build, normalise  # noqa: E402

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


def emit(bench, **fields):
    fields["peak_rss_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({"bench": bench, "library": f"torch {torch.__version__}", **fields}), flush=True)


def measure(work, seconds):
    """Median and best time of a call of work, in seconds, after two warm-ups."""
    work()
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), min(times)


def load_images(args, split):
    if args.data == "random":
        rng = np.random.default_rng(0)
        return (torch.from_numpy(rng.integers(0, 256, (5000, 32, 32, 3), np.uint8)),
                torch.from_numpy(rng.integers(0, 10, 5000)))
    return cifar_files.images(args.data, split)


class Pipeline:
    """Batches of shuffled, randomly cropped and flipped images. All images of a
    batch are cut from the padded bytes by one gather, in NHWC order, so that
    the result is channels_last without a copy."""

    def __init__(self, pixels, labels, batch):
        self.padded = F.pad(pixels, (0, 0, 4, 4, 4, 4)).contiguous()
        self.labels, self.batch = labels, batch
        self.order, self.next = torch.randperm(len(labels)), 0
        std = torch.tensor(STD)
        self.scale, self.shift = 1 / (255 * std), -torch.tensor(MEAN) / std
        self.span = torch.arange(32)

    def __call__(self):
        if self.next + self.batch > len(self.order):
            self.order, self.next = torch.randperm(len(self.labels)), 0
        picks = self.order[self.next : self.next + self.batch]
        self.next += self.batch
        n = len(picks)
        columns = torch.where(torch.rand(n, 1) < 0.5, self.span, 31 - self.span) + torch.randint(9, (n, 1))
        rows = self.span + torch.randint(9, (n, 1))
        x = self.padded[picks[:, None, None], rows[:, :, None], columns[:, None, :]]
        x = torch.addcmul(self.shift, x.float(), self.scale)
        return x.permute(0, 3, 1, 2), self.labels[picks]


def settings(args):
    """Every combination of threads, architecture and memory format."""
    for threads in args.threads:
        torch.set_num_threads(threads)
        for arch in args.arch:
            for name in args.format:
                yield threads, arch, name, FORMATS[name]


def bench_train(args):
    pixels, labels = load_images(args, "train")
    classes = int(labels.max()) + 1
    for threads, arch, name, memory in settings(args):
        torch.manual_seed(0)
        net = build(arch, classes).to(memory_format=memory).train()
        optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, fused=True)
        batches = Pipeline(pixels, labels, args.batch)

        def step():
            x, y = batches()
            loss = F.cross_entropy(net(x.contiguous(memory_format=memory)), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

        median, best = measure(step, args.seconds)
        data, _ = measure(batches, min(1, args.seconds))
        emit("train", arch=arch, threads=threads, memory_format=name, batch=args.batch,
             images_per_second=round(args.batch / median, 1), best_images_per_second=round(args.batch / best, 1),
             step_ms=round(1e3 * median, 2), data_ms=round(1e3 * data, 2))


def bench_eval(args):
    pixels, labels = load_images(args, "test")
    for threads, arch, name, memory in settings(args):
        torch.manual_seed(0)
        net = build(arch, int(labels.max()) + 1).to(memory_format=memory).eval()
        chunks = list(zip(pixels[:2000].split(args.batch), labels[:2000].split(args.batch)))

        def score():
            right = 0
            with torch.inference_mode():
                for p, y in chunks:
                    x = normalise(p, MEAN, STD).contiguous(memory_format=memory)
                    right += (net(x).argmax(1) == y).sum().item()
            return right

        n = sum(len(y) for _, y in chunks)
        median, best = measure(score, args.seconds)
        emit("eval", arch=arch, threads=threads, memory_format=name, batch=args.batch,
             images_per_second=round(n / median, 1), best_images_per_second=round(n / best, 1))


def bench_hvp(args):
    pixels, labels = load_images(args, "train")
    for threads, arch, name, memory in settings(args):
        for mode in args.bn:
            torch.manual_seed(0)
            net = build(arch, int(labels.max()) + 1).to(memory_format=memory).train(mode == "train")
            x = normalise(pixels[: args.batch], MEAN, STD).contiguous(memory_format=memory)
            y = labels[: args.batch]
            params = list(net.parameters())
            v = [torch.randn_like(p) for p in params]

            def gradient(graph=False):
                return torch.autograd.grad(F.cross_entropy(net(x), y), params, create_graph=graph)

            def whole():
                return torch.autograd.grad(gradient(True), params, v)

            gradient_s, _ = measure(gradient, args.seconds)
            hvp_s, hvp_best = measure(whole, args.seconds)
            graph = gradient(True)
            again_s, again_best = measure(lambda: torch.autograd.grad(graph, params, v, retain_graph=True), args.seconds)
            del graph
            emit("hvp", arch=arch, threads=threads, memory_format=name, batch=args.batch, bn=mode,
                 gradient_ms=round(1e3 * gradient_s, 2), hvp_ms=round(1e3 * hvp_s, 2), best_hvp_ms=round(1e3 * hvp_best, 2),
                 hvp_kept_graph_ms=round(1e3 * again_s, 2), best_hvp_kept_graph_ms=round(1e3 * again_best, 2))


class Hessian:
    """The Hessian of the mean cross-entropy over some images, as an operator
    on flat vectors. Batches are summed; in training mode each batch has its
    own statistics."""

    def __init__(self, net, x, y, batch):
        self.net, self.params, self.n, self.hvps = net, list(net.parameters()), len(y), 0
        self.batches = list(zip(x.split(batch), y.split(batch)))
        self.graph = None
        if len(self.batches) == 1:  # differentiate the loss once, keep its graph
            self.graph = self.gradient(*self.batches[0])

    def size(self):
        return sum(p.numel() for p in self.params)

    def gradient(self, x, y):
        loss = F.cross_entropy(self.net(x), y, reduction="sum") / self.n
        return torch.autograd.grad(loss, self.params, create_graph=True)

    def __call__(self, v):
        self.hvps += 1
        parts, at = [], 0
        for p in self.params:
            parts.append(v[at : at + p.numel()].view_as(p))
            at += p.numel()
        total = torch.zeros_like(v)
        for x, y in self.batches:
            graph = self.graph or self.gradient(x, y)
            hv = torch.autograd.grad(graph, self.params, parts, retain_graph=self.graph is not None)
            total += torch.cat([h.reshape(-1) for h in hv])
        return total


def lanczos(operator, start, steps, tolerance):
    """Largest eigenvalue, residual norm: full re-orthogonalisation."""
    basis, alpha, beta = [start / start.norm()], [], []
    while True:
        w = operator(basis[-1])
        alpha.append(torch.dot(w, basis[-1]).item())
        q = torch.stack(basis)
        for _ in range(2):
            w = w - q.T @ (q @ w)
        beta.append(w.norm().item())
        off = beta[:-1]
        values, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(off, 1) + np.diag(off, -1))
        residual = abs(beta[-1] * vectors[-1, -1])
        if residual <= tolerance * abs(values[-1]) or len(alpha) == steps:
            return values[-1], residual
        basis.append(w / beta[-1])


def power(operator, start, steps, tolerance):
    """Eigenvalue of largest magnitude, residual norm."""
    q = start / start.norm()
    for _ in range(steps):
        w = operator(q)
        value = torch.dot(w, q).item()
        residual = (w - value * q).norm().item()
        if residual <= tolerance * abs(value):
            break
        q = w / w.norm()
    return value, residual


def bench_lambda(args):
    pixels, labels = (t[: args.examples] for t in load_images(args, args.split))
    dtype = {"float32": torch.float32, "float64": torch.float64}[args.dtype]
    algorithm = {"lanczos": lanczos, "power": power}[args.algorithm]
    for path in args.checkpoints:
        tensors, metadata = cifar_files.read(path)
        mean, std = (cifar_files.constants(metadata, n, getattr(args, n)) for n in ("mean", "std"))
        for threads in args.threads:
            torch.set_num_threads(threads)
            for name in args.format:
                arch = metadata.get("arch") or args.arch[0]
                net = build(arch, tensors["linear.weight"].shape[0])
                missing = [k for k in net.load_state_dict(tensors, strict=False).missing_keys if "batches" not in k]
                if missing:
                    raise SystemExit(f"{path}: no {', '.join(missing)}")
                net = net.to(dtype).to(memory_format=FORMATS[name]).train(args.bn[0] == "train")
                x = normalise(pixels, mean.to(dtype), std.to(dtype), dtype).contiguous(memory_format=FORMATS[name])
                torch.manual_seed(args.seed)
                start = time.perf_counter()
                operator = Hessian(net, x, labels, args.batch)
                value, residual = algorithm(operator, torch.randn(operator.size(), dtype=dtype), args.steps, args.tolerance)
                seconds = time.perf_counter() - start
                emit("lambda", checkpoint=path, arch=arch, threads=threads, memory_format=name, dtype=args.dtype,
                     split=args.split, n=len(labels), batch=args.batch, bn=args.bn[0], algorithm=args.algorithm,
                     lambda_max=value, residual=residual, hvps=operator.hvps,
                     hessian_seconds=round(seconds, 3), hvp_ms=round(1e3 * seconds / operator.hvps, 2))


def main():
    names = lambda text: text.split(",")
    numbers = lambda text: [int(t) for t in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", choices=["train", "eval", "hvp", "lambda"])
    parser.add_argument("checkpoints", nargs="*", help="for lambda: safetensors, plain or zstd")
    parser.add_argument("--data", default="random", help="data artifact, cifar-10-batches-bin, or random")
    parser.add_argument("--arch", type=names, default=["resnet8", "resnet20", "resnet32"])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--format", type=names, default=["nchw", "nhwc"])
    parser.add_argument("--bn", type=names, help="eval,train: modes of hvp (both); the mode of lambda (eval)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=5, help="shortest time of a measurement")
    parser.add_argument("--mean", help="for lambda; default: the checkpoint's")
    parser.add_argument("--std")
    parser.add_argument("--split", default="test", choices=["test", "train"])
    parser.add_argument("--examples", type=int, default=1000, help="for lambda: the first so many")
    parser.add_argument("--algorithm", default="lanczos", choices=["lanczos", "power"])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--steps", type=int, default=100, help="most HVPs of lambda")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="residual over lambda_max")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_intermixed_args()
    args.bn = args.bn or (["eval"] if args.bench == "lambda" else ["train", "eval"])
    if args.bench == "lambda" and not args.checkpoints:
        parser.error("lambda needs a checkpoint")
    {"train": bench_train, "eval": bench_eval, "hvp": bench_hvp, "lambda": bench_lambda}[args.bench](args)


if __name__ == "__main__":
    main()
