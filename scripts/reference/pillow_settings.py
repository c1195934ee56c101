"""Pillow's and NumPy's pixels under `background` and `depth`; see pillow_reference.py."""

import io
import json
import pathlib

import numpy
from PIL import Image

BACKGROUND = (10, 200, 30)
LEVELS = (1000, 50_000)


def laid_on_background(picture: Image.Image) -> list[str]:
    """RGB and gray of a picture composited on the background, in hexadecimal digits."""
    above = picture.convert("RGBA")
    below = Image.new("RGBA", above.size, (*BACKGROUND, 255))
    rgb = Image.alpha_composite(below, above).convert("RGB")
    return [rgb.tobytes().hex(), rgb.convert("L").tobytes().hex()]


def scaled(picture: Image.Image) -> str:
    """Gray of 16 bits: low to 0, high to 255, clipped, rounded to the nearest, halves up."""
    low, high = LEVELS
    samples = numpy.asarray(picture).astype(numpy.int64).clip(low, high)
    return numpy.floor((samples - low) * 255 / (high - low) + 0.5).astype(numpy.uint8).tobytes().hex()


def write(folder: pathlib.Path) -> None:
    """`settings.json`, for the transparent and the 16-bit gray files of `formats.json`."""
    found = {"background": BACKGROUND, "levels": LEVELS, "laid": {}, "scaled": {}}
    for case in json.loads((folder / "formats.json").read_text()):
        picture = Image.open(io.BytesIO(bytes.fromhex(case["file"])))
        if case["name"] == "png-grey-transparent":
            # Pillow scales 4 bits to 8, but not the value that is transparent.
            picture.info["transparency"] *= 17
        if picture.mode.startswith("I;16"):
            found["scaled"][case["name"]] = scaled(picture)
        elif picture.mode in ("LA", "RGBA", "PA") or "transparency" in picture.info:
            found["laid"][case["name"]] = laid_on_background(picture)
    (folder / "settings.json").write_text(json.dumps(found, indent=1) + "\n")
