#!/usr/bin/env python3
"""Writes the pickles that the tests of pkg/pickle, pkg/npy and pkg/cifar read,
by every protocol, as three archives:

    make_pickles.py DIR/pkg SUFFIX

writes DIR/pkg/pickle/testdata/plain.zip, DIR/pkg/npy/testdata/arrays-SUFFIX.zip
and DIR/pkg/cifar/testdata/batches-SUFFIX.zip. SUFFIX names the version of
NumPy that this Python has: numpy1 or numpy2.
"""

import collections
import io
import pathlib
import pickle
import sys
import zipfile

import numpy as np

root, suffix = pathlib.Path(sys.argv[1]), sys.argv[2]

plain = {
    "none": None,
    "booleans": [True, False],
    "integers": [0, 255, 256, 65536, -1, -(2**31), 2**40, -(2**63)],
    "big": 2**80,
    "floats": (0.5, -1e300, 3.0),
    "text": "Grüße, 世界 \U0001f600\n\\",
    "bytes": bytes(range(256)),
    "empty": [b"", "", (), {}, []],
    "ordered": collections.OrderedDict([("a", 1), ("b", 2)]),
    "set": {7},
    "frozen": frozenset({8}),
    "long": "x" * 300,
    3: "an integer key",
}
plain["again"] = plain["ordered"]
plain["many"] = list(range(2000))

arrays = {
    "u1": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "f4": np.array([0.5, -2, np.inf], dtype="<f4"),
    "columns": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    "big": np.arange(3, dtype=">i2"),
    "scalar": np.array(1.5),
    "none": np.zeros((0, 4), dtype=np.float64),
    "view": np.arange(10, dtype=np.int64)[::3],
}


def image(i):
    return [(i + 7 * j) % 251 for j in range(3072)]


def batch(key):
    return {
        key("batch_label"): key("re-pickled"),
        key("labels"): [3, 9],
        key("data"): np.array([image(0), image(1)], dtype=np.uint8),
        key("filenames"): [key("a.png"), key("b.png")],
    }


def archive(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in entries:
            z.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def protocols(name, value):
    return [(f"{name}-{p}", pickle.dumps(value, protocol=p)) for p in range(6)]


archive(root / "pickle/testdata/plain.zip", protocols("plain", plain))

entries = protocols("arrays", arrays)
for name, a in arrays.items():
    b = io.BytesIO()
    np.save(b, a)
    entries.append((f"{name}.npy", b.getvalue()))
for name, save in (("stored.npz", np.savez), ("deflated.npz", np.savez_compressed)):
    b = io.BytesIO()
    save(b, **arrays)
    entries.append((name, b.getvalue()))
b = io.BytesIO()
np.save(b, np.array([{}, None], dtype=object), allow_pickle=True)
entries.append(("objects.npy", b.getvalue()))
archive(root / f"npy/testdata/arrays-{suffix}.zip", entries)

archive(
    root / f"cifar/testdata/batches-{suffix}.zip",
    protocols("text", batch(str)) + protocols("bytes", batch(str.encode)),
)
