#!/usr/bin/env python3
"""Reads, decodes and resizes every picture of DIR/*/ into memory on one thread, in Pillow and in
petite, by turns, and prints how many pictures a second each does.

usage: scripts/speed/decode_rate.py DIR     after cargo build --example decode_rate

Needs pillow.
"""

import pathlib
import statistics
import subprocess
import sys
import time

from PIL import Image

TURNS = 5


def pillow(paths):
    start = time.perf_counter()
    pixels = []
    for path in paths:
        with Image.open(path) as picture:
            resized = picture.convert("RGB").resize((150, 150), Image.Resampling.NEAREST)
            pixels.append(resized.tobytes())
    return len(paths) / (time.perf_counter() - start)


def petite(folder):
    program = pathlib.Path(__file__).resolve().parents[2] / "target/debug/examples/decode_rate"
    done = subprocess.run([program, folder, "1"], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[0])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    paths = sorted(folder.glob("*/*.jpg"))
    if not paths:
        sys.exit(f"expected JPEGs in class folders of {folder}, found none")
    rates = [(pillow(paths), petite(folder)) for _ in range(TURNS)]
    for name, column in (("Pillow", 0), ("petite", 1)):
        print(f"{name}  {statistics.median(rate[column] for rate in rates):.0f} pictures/s")
    print(f"ratio   {statistics.median(b / a for a, b in rates):.2f}, median of {TURNS} turns")


if __name__ == "__main__":
    main()
