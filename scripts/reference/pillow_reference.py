#!/usr/bin/env python3
"""Writes tests/golden/pillow: small JPEGs of every kind, and Pillow's pixels for them.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install -r scripts/requirements/pillow.txt
    /tmp/pillow/bin/python scripts/reference/pillow_reference.py

Only needed to regenerate the files; the tests read the committed ones.
"""

import json
import pathlib
import random

import PIL
from PIL import Image, ImageDraw, ImageOps

import pillow_formats
import pillow_jpegs
import pillow_settings

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "pillow"


def drawing(width: int, height: int) -> Image.Image:
    """Gradients and a few shapes: a photograph without noise."""
    picture = Image.new("RGB", (width, height))
    positions = [(x, y) for y in range(height) for x in range(width)]
    picture.putdata([(x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)) for x, y in positions])
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(220, 40, 60))
    draw.rectangle((2, 2, width // 3, height // 3), fill=(250, 250, 240))
    return picture


def write_jpegs() -> None:
    picture = drawing(53, 39)
    black = picture.convert("L").point(lambda v: v // 4)
    cmyk = Image.merge("CMYK", [*Image.eval(picture, lambda v: 255 - v).split(), black])
    rotated = Image.Exif()
    rotated[0x0112] = 6  # Orientation: rotate right.
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
    """Random pictures of many widths and few rows: both axes use the same arithmetic."""
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
    """The source indices of nearest along both axes, for every width from 1 to 1,000, paired with the
    heights in descending order. A pixel's value is its own index. The file holds the differences between
    consecutive indices: 150 columns, then 150 rows per picture."""
    steps = bytearray()
    for width in range(1, 1001):
        height = 1001 - width
        columns = Image.new("I", (width, 1))
        columns.putdata(range(width))
        rows = Image.new("I", (1, height))
        rows.putdata(range(height))
        # One axis at a time: the other has 1 pixel.
        for line, to in ((columns, (150, 1)), (rows, (1, 150))):
            taken = list(line.resize(to, Image.Resampling.NEAREST).getdata())
            steps += bytes(b - a for a, b in zip([0, *taken], taken))
    (GOLDEN / "nearest.bin").write_bytes(steps)


def fnv(data: bytes) -> int:
    """FNV-1a of 32 bits."""
    result = 0x811C9DC5
    for byte in data:
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def write_fits() -> None:
    """Hashes of resized pictures of many sizes: stretched, cropped (ImageOps.fit) and padded (ImageOps.pad), by every
    filter, in color and in gray. The pixels follow a formula."""
    draws = random.Random(54)
    filters = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
    cases = []
    while len(cases) < 200:
        width, height = draws.randint(1, 90), draws.randint(1, 90)
        to = (draws.randint(1, 60), draws.randint(1, 60))
        if len(cases) % 10 == 0:
            to = (width, to[1]) if draws.random() < 0.5 else (to[0], height)
        values = bytes(index * 2654435761 % 2**32 >> 21 & 255 for index in range(width * height * 3))
        hashes = []
        for picture in (Image.frombytes("RGB", (width, height), values), Image.frombytes("L", (width, height), values)):
            for filter in filters:
                fitted = (picture.resize(to, filter), ImageOps.fit(picture, to, filter))
                hashes += [fnv(picture.tobytes()) for picture in fitted]
                try:
                    hashes.append(fnv(ImageOps.pad(picture, to, filter).tobytes()))
                except ValueError:  # A side would be rounded to 0.
                    hashes.append(0)
        cases.append(
            {"from": [height, width], "to": [to[1], to[0]], "hashes": "".join(f"{hash:08x}" for hash in hashes)}
        )
    lines = ",\n".join(json.dumps(case) for case in cases)
    (GOLDEN / "fit.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_jpegs()
    write_resizes()
    write_nearest()
    write_fits()
    pillow_formats.write_formats(GOLDEN)
    pillow_formats.write_orientations(GOLDEN)
    pillow_jpegs.write_jpegs(GOLDEN)
    pillow_settings.write(GOLDEN)
