#!/usr/bin/env python3
"""Writes tests/golden/pillow: small JPEGs of every kind and what Pillow makes of them.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install pillow==12.0.0
    /tmp/pillow/bin/python scripts/reference/pillow_reference.py

Only needed to make the files again; the tests read what is committed.
"""

import json
import pathlib
import random

import PIL
from PIL import Image, ImageDraw

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "pillow"


def drawing(width: int, height: int) -> Image.Image:
    """Shades and a few shapes: what photographs have, without their noise."""
    picture = Image.new("RGB", (width, height))
    places = [(x, y) for y in range(height) for x in range(width)]
    picture.putdata([(x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)) for x, y in places])
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(220, 40, 60))
    draw.rectangle((2, 2, width // 3, height // 3), fill=(250, 250, 240))
    return picture


def write_jpegs() -> None:
    picture = drawing(53, 39)
    black = picture.convert("L").point(lambda v: v // 4)
    cmyk = Image.merge("CMYK", [*Image.eval(picture, lambda v: 255 - v).split(), black])
    rotated = Image.Exif()
    rotated[0x0112] = 6  # orientation: turn right
    picture.save(GOLDEN / "chroma-halved.jpg", quality=92)
    picture.save(GOLDEN / "chroma-full.jpg", quality=92, subsampling=0)
    picture.save(GOLDEN / "progressive.jpg", quality=92, progressive=True)
    picture.convert("L").save(GOLDEN / "grey.jpg", quality=92)
    cmyk.save(GOLDEN / "cmyk.jpg", quality=92)
    picture.save(GOLDEN / "rotated.jpg", quality=92, exif=rotated)
    for path in sorted(GOLDEN.glob("*.jpg")):
        for mode in ("RGB", "L"):
            with Image.open(path) as opened:
                path.with_suffix(f".{mode.lower()}").write_bytes(opened.convert(mode).tobytes())


def write_resizes() -> None:
    """Rows of random pixels at many widths: both axes go through the same arithmetic."""
    draws = random.Random(52)
    cases = []
    for _ in range(120):
        width, height = draws.randint(1, 60), draws.randint(1, 5)
        to = (draws.randint(1, 40), draws.randint(1, 6))
        picture = Image.frombytes("RGB", (width, height), draws.randbytes(width * height * 3))
        cases.append(
            {
                "from": [height, width],
                "to": [to[1], to[0]],
                "pixels": picture.tobytes().hex(),
                "nearest": picture.resize(to, Image.Resampling.NEAREST).tobytes().hex(),
                "bilinear": picture.resize(to, Image.Resampling.BILINEAR).tobytes().hex(),
            }
        )
    text = json.dumps({"pillow": PIL.__version__, "cases": cases}, indent=0)
    (GOLDEN / "resize.json").write_text(text + "\n")


def write_nearest() -> None:
    """Which pixel nearest takes along both axes, for 1,000 widths and heights: every width from 1
    to 1,000, paired with the heights backwards. Pixels spell their own column and row; the file
    holds the steps from one index to the next, 150 columns then 150 rows a picture."""
    steps = bytearray()
    for width in range(1, 1001):
        height = 1001 - width
        columns = Image.new("I", (width, 1))
        columns.putdata(range(width))
        rows = Image.new("I", (1, height))
        rows.putdata(range(height))
        # One axis at a time: the other is 1 pixel, of which nearest takes that one.
        for line, to in ((columns, (150, 1)), (rows, (1, 150))):
            taken = list(line.resize(to, Image.Resampling.NEAREST).getdata())
            steps += bytes(b - a for a, b in zip([0, *taken], taken))
    (GOLDEN / "nearest.bin").write_bytes(steps)


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_jpegs()
    write_resizes()
    write_nearest()
