#!/usr/bin/env python3
"""PyTorch's side of the benchmarks: a process that reads requests from standard
input, one JSON object a line, does the work that srn-fit, srn-eval and
srn-hessian do, and answers each with one line of JSON. Go drives it, so that
both sides are timed in turn; README.md says what is measured.

{"do": "info"}                          -> library, threads, pyhessian
{"do": "data", "pixels": F, "labels": F, "classes": K} -> n
                                        raw bytes N x 32 x 32 x 3, and int32
{"do": "time", "job": J, "calls": C, ...} -> seconds, cpu_seconds of C calls
{"do": "lambda", "state": F, "tol": T, ...} -> lambda, loss, products, seconds, cpu_seconds
                                        PyHessian's largest eigenvalue at float32
                                        parameters and running statistics
{"do": "drop"}                          forgets prepared jobs

A job is prepared once for each set of its fields (arch, format, batch, bn, ...)
and kept until "drop".

    peer.py lambda --data DATA CHECKPOINT...

finds the largest eigenvalue of the Hessian instead, to check srn-hessian.
"""

import argparse
import gc
import importlib
import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pkg/resnet/testdata"))
from cifar_resnet import build, normalise  # noqa: E402

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


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


def wait():
    """Waits for the GPU, if there is one at work."""
    if torch.get_default_device().type == "cuda":
        torch.cuda.synchronize()


class Peer:
    def __init__(self):
        self.jobs, self.threads, self.warm = {}, None, torch.randn(16, 16, 32, 32)

    def do_info(self, _):
        try:
            pyhessian = importlib.metadata.version("pyhessian") if importlib.util.find_spec("pyhessian") else ""
        except importlib.metadata.PackageNotFoundError:
            pyhessian = "?"
        return {"library": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(), "pyhessian": pyhessian}

    def do_data(self, q):
        pixels = np.fromfile(q["pixels"], np.uint8).reshape(-1, 32, 32, 3)
        device = torch.get_default_device()
        self.pixels = torch.from_numpy(pixels).to(device)
        self.labels = torch.from_numpy(np.fromfile(q["labels"], np.int32).astype(np.int64)).to(device)
        self.classes = q["classes"]
        self.jobs.clear()
        return {"n": len(self.labels)}

    def do_drop(self, _):
        self.jobs.clear()
        gc.collect()
        return {}

    def do_time(self, q):
        calls = q.pop("calls")
        self.use(q["threads"])
        key = json.dumps(q, sort_keys=True)
        if key not in self.jobs:
            torch.manual_seed(0)
            self.jobs[key] = getattr(self, "job_" + q["job"])(q)
            self.jobs[key]()  # kernels are chosen and memory is taken on the first call
        work = self.jobs[key]
        wait()
        cpu, start = time.process_time(), time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}

    def do_lambda(self, q):
        """Of one batch PyHessian keeps the gradient's graph; of several, nothing."""
        module = importlib.import_module("pyhessian.hessian")  # the package hides it behind its class
        warnings.filterwarnings("ignore", message="Using backward")
        self.use(q["threads"])
        memory = FORMATS[q["format"]]
        net = self.net(q).eval()
        state, at = torch.from_numpy(np.fromfile(q["state"], np.float32)), 0
        for t in [*net.parameters(), *(b for k, b in net.named_buffers() if "running" in k)]:
            with torch.no_grad():
                t.copy_(state[at : at + t.numel()].view_as(t))
            at += t.numel()
        assert at == len(state)
        x = normalise(self.pixels[: q["images"]], q["mean"], q["std"]).contiguous(memory_format=memory)
        y, criterion, products = self.labels[: q["images"]], torch.nn.CrossEntropyLoss(), 0
        with torch.no_grad():
            loss = criterion(net(x), y).item()
        quotient = module.group_product

        def counted(*args):  # once a product, for its Rayleigh quotient
            nonlocal products
            products += 1
            return quotient(*args)

        data = {"data": (x, y)}
        if q["batch"] < len(y):
            data = {"dataloader": list(zip(x.split(q["batch"]), y.split(q["batch"])))}
        torch.manual_seed(0)
        cpu, start = time.process_time(), time.perf_counter()
        peer = module.hessian(net, criterion, cuda=False, **data)
        module.group_product = counted
        try:
            values, _ = peer.eigenvalues(tol=q["tol"])
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        finally:
            module.group_product = quotient
            net.zero_grad(set_to_none=True)
            del peer
            gc.collect()  # its graph is a cycle
        return {"lambda": values[0], "loss": loss, "products": products, "seconds": wall, "cpu_seconds": cpu}

    def use(self, threads):
        """Sets the number of threads, and has them started."""
        if threads != self.threads:
            torch.set_num_threads(threads)
            self.threads = threads
            F.conv2d(self.warm, self.warm[:16, :, :3, :3])

    def net(self, q):
        return build(q["arch"], self.classes).to(memory_format=FORMATS[q["format"]])

    def job_train(self, q):
        """A step of srn-fit: batch, augmentation, forward, backward, SGD."""
        memory = FORMATS[q["format"]]
        net = self.net(q).train()
        optimiser = torch.optim.SGD(net.parameters(), lr=0.06, momentum=0.9, fused=True)
        batches = Pipeline(self.pixels, self.labels, q["batch"])

        def step():
            x, y = batches()
            loss = F.cross_entropy(net(x.contiguous(memory_format=memory)), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

        return step

    def job_eval(self, q):
        """Bytes to accuracy over the first images, as srn-eval."""
        memory = FORMATS[q["format"]]
        net = self.net(q).eval()
        chunks = list(zip(self.pixels[: q["images"]].split(q["batch"]), self.labels[: q["images"]].split(q["batch"])))

        def score():
            right = 0
            with torch.inference_mode():
                for p, y in chunks:
                    x = normalise(p, MEAN, STD).contiguous(memory_format=memory)
                    right += (net(x).argmax(1) == y).sum().item()
            return right

        return score

    def loss(self, q):
        """Parameters and gradient of the mean loss over a batch."""
        net = self.net(q).train(q["bn"] == "train")
        x = normalise(self.pixels[: q["batch"]], MEAN, STD).contiguous(memory_format=FORMATS[q["format"]])
        y = self.labels[: q["batch"]]
        params = list(net.parameters())

        def gradient(graph=False):
            return torch.autograd.grad(F.cross_entropy(net(x), y), params, create_graph=graph)

        return params, gradient

    def job_gradient(self, q):
        return self.loss(q)[1]

    def job_hvp(self, q):
        """Loss, gradient and Hessian-vector product by double backward."""
        params, gradient = self.loss(q)
        v = [torch.randn_like(p) for p in params]
        return lambda: torch.autograd.grad(gradient(True), params, v)

    def job_hvp_kept(self, q):
        """The product alone, the gradient's graph kept."""
        params, gradient = self.loss(q)
        v = [torch.randn_like(p) for p in params]
        graph = gradient(True)
        return lambda: torch.autograd.grad(graph, params, v, retain_graph=True)

    def job_srn(self, q):
        """r and its gradient in the parameters it reads."""
        theta = torch.randn(1, 1, q["length"]).mul_(0.05).requires_grad_()
        layers, before = [], 1
        for out in q["channels"]:
            layers += [torch.nn.Conv1d(before, out, q["kernel"], padding=q["kernel"] // 2), torch.nn.ReLU()]
            before = out
        stack, head = torch.nn.Sequential(*layers).requires_grad_(False), torch.nn.Linear(before, 1).requires_grad_(False)

        def gradient():
            r = F.softplus(head(stack(theta).mean(2))).clamp(max=10)
            return torch.autograd.grad(r.sum(), theta)

        return gradient


class Hessian:
    """The Hessian of the mean cross-entropy over some images, as an operator
    on flat vectors. Batches are summed; in training mode each batch has its
    own statistics."""

    def __init__(self, net, x, y, batch):
        self.net, self.params, self.n, self.products = net, list(net.parameters()), len(y), 0
        self.batches = list(zip(x.split(batch), y.split(batch)))
        self.size = sum(p.numel() for p in self.params)

    def __call__(self, v):
        self.products += 1
        parts, at = [], 0
        for p in self.params:
            parts.append(v[at : at + p.numel()].view_as(p))
            at += p.numel()
        total = torch.zeros_like(v)
        for x, y in self.batches:
            loss = F.cross_entropy(self.net(x), y, reduction="sum") / self.n
            gradient = torch.autograd.grad(loss, self.params, create_graph=True)
            total += torch.cat([h.reshape(-1) for h in torch.autograd.grad(gradient, self.params, parts)])
        return total


def lanczos(operator, start, steps, tolerance):
    """Largest eigenvalue and residual norm, with full re-orthogonalisation."""
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


def largest(argv):
    """lambda: the largest Hessian eigenvalue of checkpoints, to check what
    srn-hessian top --examples first:N finds and how long it takes."""
    import cifar_files

    parser = argparse.ArgumentParser(prog="peer.py lambda", description=largest.__doc__)
    parser.add_argument("checkpoints", nargs="+", help="safetensors, plain or zstd")
    parser.add_argument("--data", required=True, help="data artifact, or cifar-10-batches-bin")
    parser.add_argument("--split", default="test", choices=["test", "train"])
    parser.add_argument("--examples", type=int, default=1000, help="the first so many")
    parser.add_argument("--bn", default="eval", choices=["eval", "train"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--format", default="nchw", choices=FORMATS)
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--steps", type=int, default=100, help="most products")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="residual over the eigenvalue")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    dtype = getattr(torch, args.dtype)
    pixels, labels = (t[: args.examples] for t in cifar_files.images(args.data, args.split))
    for path in args.checkpoints:
        tensors, metadata = cifar_files.read(path)
        mean, std = (cifar_files.constants(metadata, name).to(dtype) for name in ("mean", "std"))
        net = build(metadata["arch"], tensors["linear.weight"].shape[0])
        missing = [k for k in net.load_state_dict(tensors, strict=False).missing_keys if "batches" not in k]
        if missing:
            raise SystemExit(f"{path}: no {', '.join(missing)}")
        net = net.to(dtype).to(memory_format=FORMATS[args.format]).train(args.bn == "train")
        x = normalise(pixels, mean, std, dtype).contiguous(memory_format=FORMATS[args.format])
        operator = Hessian(net, x, labels, args.batch)
        torch.manual_seed(0)
        start = time.perf_counter()
        value, residual = lanczos(operator, torch.randn(operator.size, dtype=dtype), args.steps, args.tolerance)
        print(json.dumps({"checkpoint": path, "lambda_max": value, "residual": residual, "hvps": operator.products,
                          "hessian_seconds": round(time.perf_counter() - start, 3)}), flush=True)


def memory(pixels, labels, classes, threads, arch, form, batch, steps):
    """Takes training steps and ends; whoever started it watches its memory."""
    peer = Peer()
    peer.do_data({"pixels": pixels, "labels": labels, "classes": int(classes)})
    peer.do_time({"job": "train", "threads": int(threads), "arch": arch, "format": form,
                  "batch": int(batch), "calls": int(steps)})


def main():
    if sys.argv[1:2] == ["memory"]:
        return memory(*sys.argv[2:])
    if sys.argv[1:2] == ["lambda"]:
        return largest(sys.argv[2:])
    device, _, arithmetic = "".join(sys.argv[1:2]).partition("+")
    if device not in ("", "cpu"):  # a default device, once set, costs time at each call
        torch.set_default_device(device)
    torch.backends.cudnn.allow_tf32 = arithmetic == "tf32"  # the same on both sides
    torch.backends.cudnn.benchmark = True
    peer = Peer()
    for line in sys.stdin:
        q = json.loads(line)
        try:
            answer = getattr(peer, "do_" + q.pop("do"))(q)
        except Exception as e:  # reported to the driver, which decides
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
