#!/usr/bin/env python3
"""Shows whether the pictures of a data set's splits are of one kind. If they are not, a network is
evaluated on another kind of picture than it was trained on.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install -r scripts/requirements/pillow.txt
    /tmp/pillow/bin/python scripts/compare_splits.py data/dogs-vs-cats

Prints for each split and class: number of pictures, mean file size, sharpness, and the two most common
sums of the luminance quantization table (larger means coarser compression). Sharpness is the mean absolute
difference between adjacent gray pixels in a row, at 150×150 by nearest, in levels of 255.
"""

import collections
import pathlib
import sys

import numpy as np
from PIL import Image


def describe(folder: pathlib.Path) -> str:
    tables, sizes, sharpness = collections.Counter(), [], []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as picture:
            tables[sum(picture.quantization[0])] += 1
            gray = picture.convert("L").resize((150, 150), Image.Resampling.NEAREST)
        sharpness.append(np.abs(np.diff(np.asarray(gray, np.float32), axis=1)).mean())
        sizes.append(path.stat().st_size)
    if not sizes:
        raise SystemExit(f"error: expected JPEGs in {folder}, found none")
    common = ", ".join(f"{total} in {count}" for total, count in tables.most_common(2))
    return f"{len(sizes):>5}{np.mean(sizes) / 1000:>8.1f} kB{np.mean(sharpness):>8.1f} levels   {common}"


def main() -> None:
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: compare_splits.py DIR, a data set with train, validation and test")
    for split in ("train", "validation", "test"):
        for folder in sorted(path for path in (pathlib.Path(sys.argv[1]) / split).glob("*") if path.is_dir()):
            print(f"{split:<11}{folder.name:<8}{describe(folder)}")


if __name__ == "__main__":
    main()
