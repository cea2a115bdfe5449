#!/usr/bin/env python3
"""Writes autoaugment.safetensors.zst beside itself: what Pillow makes of a few
pictures under AutoAugment's operations, as the authors' program calls them and
as torchvision does.

    python make_autoaugment.py          (Pillow, torchvision, numpy, zstandard)

The authors' operations are written here from the description of their
program's arithmetic: levels 0 to 9 of 10, pictures in the mode RGBA, whose
alpha channel is 0 where a pixel came in from outside. torchvision's own
function draws its ones.

    images            [N,32,32,3]    the pictures
    authors.OP.LEVEL  [S,N,32,32,4]  S: one, or two signs: as called, mirrored
    torchvision.OP.LEVEL  [S,N,32,32,3]
    authors.both      [92,N,32,32,4] sub-policies with both operations applied,
    torchvision.both  [25,N,32,32,3] the first as called, the second mirrored

OP and LEVEL are those of the policies in ../policies-authors.txt and
../policies-table.txt: a line a sub-policy, NAME PROBABILITY LEVEL twice. The
latter is checked to be torchvision's.
"""

import io
import json
import pathlib

import numpy as np
import zstandard
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import AutoAugment, AutoAugmentPolicy, _apply_op

HERE = pathlib.Path(__file__).resolve().parent
SIGNED = {"ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"}


def pictures():
    """A coloured scene, a dull one with a flat channel, and one of few values."""
    y, x = np.mgrid[0:32, 0:32].astype(float)
    scene = np.stack([8 * x, 255 - 7 * y, 60 + 3 * x + 2 * y], -1)
    scene[8:20, 12:26] = [210, 40, 90]
    scene += np.round(12 * np.sin(x * y / 7))[..., None]
    dull = np.stack([100 + x, 120 + y // 2, 0 * x + 77], -1)
    few = np.stack([(x // 4) % 2 * 250, (y // 8) % 3 * 90, (x > y) * 255], -1)
    return np.stack([np.clip(p, 0, 255).astype(np.uint8) for p in (scene, dull, few)])


def authors(image, name, level, sign):
    """One of the authors' operations on an RGBA picture."""

    def whole(most):
        return int(level * most / 10)

    def part(most):
        return float(level) * most / 10

    def opaque(change):
        return change(image.convert("RGB")).convert("RGBA")

    def affine(*a):
        return image.transform((32, 32), Image.AFFINE, a)

    if name == "AutoContrast":
        return opaque(ImageOps.autocontrast)
    if name == "Equalize":
        return opaque(ImageOps.equalize)
    if name == "Invert":
        return opaque(ImageOps.invert)
    if name == "Posterize":
        return opaque(lambda i: ImageOps.posterize(i, 4 - whole(4)))
    if name == "Solarize":
        return opaque(lambda i: ImageOps.solarize(i, 256 - whole(256)))
    if name == "Rotate":
        return image.rotate(sign * whole(30))
    if name == "ShearX":
        return affine(1, sign * part(0.3), 0, 0, 1, 0)
    if name == "ShearY":
        return affine(1, 0, 0, sign * part(0.3), 1, 0)
    if name == "TranslateX":
        return affine(1, 0, sign * whole(10), 0, 1, 0)
    if name == "TranslateY":
        return affine(1, 0, 0, 0, 1, sign * whole(10))
    return getattr(ImageEnhance, name)(image).enhance(part(1.8) + 0.1)


def torchvision(image, name, level, sign):
    magnitudes, signed = AutoAugment(AutoAugmentPolicy.CIFAR10)._augmentation_space(10, (32, 32))[name]
    magnitude = float(magnitudes[level]) if magnitudes.ndim else 0.0
    return _apply_op(image, name, sign * magnitude if signed else magnitude, InterpolationMode.NEAREST, None)


def policies(path):
    for line in path.read_text().splitlines():
        a, p, i, b, q, j = line.split()
        yield [(a, float(p), int(i)), (b, float(q), int(j))]


def references(kind, apply, mode, subpolicies, images):
    def one(picture, steps):
        image = Image.fromarray(picture).convert(mode)
        for name, level, sign in steps:
            image = apply(image, name, level, sign)
        return np.asarray(image)

    def rows(lists):
        return np.stack([np.stack([one(p, steps) for p in images]) for steps in lists])

    # An authors' Cutout draws a place: it is left out.
    drawn = [s for s in subpolicies if all(op[0] != "Cutout" for op in s)]
    for name, level in sorted({(op[0], op[2]) for s in drawn for op in s}):
        directed = name in SIGNED or kind == "torchvision" and name in {"Brightness", "Color", "Contrast", "Sharpness"}
        yield f"{kind}.{name}.{level}", rows([[(name, level, sign)] for sign in ((1, -1) if directed else (1,))])
    yield f"{kind}.both", rows([[(a[0], a[2], 1), (b[0], b[2], -1)] for a, b in drawn])


def safetensors(tensors, metadata):
    header, at = {"__metadata__": metadata}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "U8", "shape": list(t.shape), "data_offsets": [at, at + t.size]}
        at += t.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out = io.BytesIO()
    out.write(len(text).to_bytes(8, "little") + text)
    for t in tensors.values():
        out.write(t.tobytes())
    return out.getvalue()


table = list(policies(HERE.parent / "policies-table.txt"))
for ours, theirs in zip(table, AutoAugment(AutoAugmentPolicy.CIFAR10).policies, strict=True):
    assert all(a[:2] == b[:2] and b[2] in (None, a[2]) for a, b in zip(ours, theirs)), (ours, theirs)

images = pictures()
tensors = {"images": images}
tensors.update(references("authors", authors, "RGBA", list(policies(HERE.parent / "policies-authors.txt")), images))
tensors.update(references("torchvision", torchvision, "RGB", table, images))
import PIL  # noqa: E402
import torchvision as tv  # noqa: E402

metadata = {"generator": f"make_autoaugment.py, Pillow {PIL.__version__}, torchvision {tv.__version__.split('+')[0]}"}
tensors = {k: tensors[k] for k in sorted(tensors)}
data = zstandard.ZstdCompressor(level=19).compress(safetensors(tensors, metadata))
(HERE / "autoaugment.safetensors.zst").write_bytes(data)
print(f"{len(tensors)} tensors, {len(data)} bytes")
