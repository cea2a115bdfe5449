#!/usr/bin/env python3
"""Writes the files that the tests of pkg/imageset read:

    make_files.py DIR

DIR/pictures.zip: PNG and JPEG files of every kind by Pillow, NAME.png or
NAME.jpg, each with the pixels that Pillow reads from it, NAME.npy [H,W,3];
DIR/arrays.zip: arrays as Keras, MedMNIST and CIFAR-10.1 have them.
"""

import io
import pathlib
import sys
import zipfile

import numpy as np
from PIL import Image

out = pathlib.Path(sys.argv[1])
y, x = np.mgrid[:32, :32].astype(np.uint8)
rgb = np.stack([8 * y, 8 * x, 4 * (x + y)], axis=-1)
grey = (4 * x + 3 * y).astype(np.uint8)
alpha = np.where((x + y) % 3 == 0, 0, 255).astype(np.uint8)
colour = Image.fromarray(rgb)

pictures = {
    "rgb.png": (colour, {}),
    "grey.png": (Image.fromarray(grey), {}),
    "palette.png": (colour.quantize(16), {}),
    "rgba.png": (Image.fromarray(np.dstack([rgb, alpha])), {}),
    "grey-alpha.png": (Image.fromarray(np.dstack([grey, alpha])), {}),
    "bilevel.png": (Image.fromarray(grey).convert("1"), {}),
    "baseline.jpg": (colour, {"quality": 95}),
    "progressive.jpg": (colour, {"quality": 95, "progressive": True}),
    "grey.jpg": (Image.fromarray(grey), {"quality": 95}),
    "wide.png": (Image.fromarray(np.tile(rgb, (2, 3, 1))), {}),
}


def npy(a):
    b = io.BytesIO()
    np.save(b, a)
    return b.getvalue()


def npz(**arrays):
    b = io.BytesIO()
    np.savez_compressed(b, **arrays)
    return b.getvalue()


def archive(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in entries:
            z.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


entries = []
for name, (image, options) in pictures.items():
    b = io.BytesIO()
    image.save(b, format="PNG" if name.endswith("png") else "JPEG", **options)
    entries.append((name, b.getvalue()))
    entries.append((name[:-4] + ".npy" if name != "grey.jpg" else "grey-jpg.npy", npy(np.asarray(Image.open(b).convert("RGB")))))
archive(out / "pictures.zip", entries)


def images(n, *shape, start=0):
    """Image i has the value 10·i + start + its column, in every channel."""
    a = np.zeros((n, *shape), np.uint8)
    for i in range(n):
        a[i] = 10 * i + start
    return a


labels = np.arange(8, dtype=np.int64) % 2
archive(
    out / "arrays.zip",
    [
        ("keras.npz", npz(x_train=images(8, 32, 32, 3), y_train=labels.astype(np.uint8)[:, None],
                          x_test=images(2, 32, 32, 3, start=5), y_test=np.array([[0], [1]], np.uint8))),
        ("medmnist.npz", npz(train_images=images(8, 28, 28), train_labels=labels[:, None], val_images=images(2, 28, 28, start=3),
                             val_labels=labels[:2, None], test_images=images(2, 28, 28, start=5), test_labels=labels[:2, None])),
        ("plain.npz", npz(images=images(8, 3, 32, 32), labels=labels)),
        ("planes.npz", npz(images=images(8, 3072), labels=labels.astype(np.int32))),
        ("floats.npz", npz(images=images(8, 32, 32, 3) / np.float32(255), labels=labels)),
        ("names.npz", npz(pixels=images(8, 32, 32, 3), targets=labels)),
        ("unlabelled.npz", npz(images=images(8, 32, 32, 3))),
        ("short.npz", npz(images=images(8, 32, 32, 3), labels=labels[:7])),
        ("negative.npz", npz(images=images(8, 32, 32, 3), labels=labels - 1)),
        ("onehot.npz", npz(images=images(8, 32, 32, 3), labels=np.eye(2)[labels])),
        ("large.npz", npz(images=images(4, 64, 64, 3), labels=labels[:4])),
        ("one.npz", npz(images=images(4, 32, 32, 3), labels=labels[:4] * 0)),
        ("cifar10.1_v6_data.npy", npy(images(12, 32, 32, 3))),
        ("cifar10.1_v6_labels.npy", npy(np.arange(12, dtype=np.int32) % 10)),
    ],
)
