"""Readers of what the PyTorch scripts share with the Go commands: tensor files
(plain safetensors, or compressed by zstd) and CIFAR images."""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import load

ZSTD = b"\x28\xb5\x2f\xfd"


def read(path):
    """Tensors and metadata of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    if data[:4] == ZSTD:
        import zstandard

        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return load(data), header.get("__metadata__", {})


def constants(metadata, name, given=None):
    """Normalisation constants: a given "a,b,c", or the file's."""
    text = given or metadata.get(name)
    if not text:
        raise SystemExit(f"the file has no {name}: give --{name} R,G,B")
    return torch.tensor([float(v) for v in text.split(",")])


def images(path, split="test"):
    """Images U8 [N,32,32,3] and labels [N] in archive order, of a data
    artifact or of the unpacked binary archive of CIFAR-10."""
    path = pathlib.Path(path)
    if path.is_dir():
        names = ["test_batch.bin"] if split == "test" else [f"data_batch_{i}.bin" for i in range(1, 6)]
        records = np.concatenate([np.fromfile(path / n, np.uint8) for n in names]).reshape(-1, 3073)
        pixels = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(records[:, 0].astype(np.int64))
    tensors, _ = read(path)
    return tensors[f"{split}_images"], tensors[f"{split}_labels"].long()
