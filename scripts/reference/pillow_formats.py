"""Small files of every format that petite decodes, and Pillow's pixels for them; see pillow_reference.py."""

import io
import json
import pathlib
import random
import struct
import zlib

from PIL import Image, ImageOps

WIDTH, HEIGHT = 11, 7
DRAWS = random.Random(53)


def noisy(mode: str, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Random pixels below a gradient, so that no two regions are alike."""
    channels = len(mode)
    values = bytes(
        (x * 9 + y * 13 + channel * 60 + DRAWS.randrange(40)) % 256
        for y in range(height)
        for x in range(width)
        for channel in range(channels)
    )
    return Image.frombytes(mode, (width, height), values)


def palette(colors: int) -> Image.Image:
    picture = Image.new("P", (WIDTH, HEIGHT))
    picture.putpalette(DRAWS.randbytes(3 * colors))
    picture.putdata([DRAWS.randrange(colors) for _ in range(WIDTH * HEIGHT)])
    return picture


def saved(picture: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def packed(samples: list[int], bits: int) -> bytes:
    """One row of samples of `bits` bits, padded to bytes."""
    if bits == 16:
        return struct.pack(f">{len(samples)}H", *samples)
    text = "".join(f"{sample:0{bits}b}" for sample in samples)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def random_rows(channels: int, bits: int) -> list[list[list[int]]]:
    return [[[DRAWS.getrandbits(bits) for _ in range(channels)] for _ in range(WIDTH)] for _ in range(HEIGHT)]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(color: int, bits: int, chunks: bytes = b"", interlaced: bool = False, after: bytes = b"") -> bytes:
    """A PNG of random samples, of types that Pillow does not write."""
    rows = random_rows({0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color], bits)
    data = b""
    for left, top, across, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for row in rows[top::down]:
            samples = [sample for pixel in row[left::across] for sample in pixel]
            data += b"\0" + packed(samples, bits)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, color, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(data)) + after + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(tags: dict[int, int | list[int]], chunks: list[bytes], tiled: bool = False, order: str = "<") -> bytes:
    """An uncompressed TIFF with one strip or tile per chunk."""
    data = b"".join(chunks)
    offsets = [8 + sum(map(len, chunks[:index])) for index in range(len(chunks))]
    tags = {256: WIDTH, 257: HEIGHT, 259: 1, **tags}
    tags |= {324: offsets, 325: [*map(len, chunks)]} if tiled else {273: offsets, 279: [*map(len, chunks)]}
    directory, outside = struct.pack(order + "H", len(tags)), b""
    start = 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        kind = 3 if max(values) < 65536 else 4
        written = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(written) > 4:
            place = struct.pack(order + "I", start + len(outside))
            outside += written
        else:
            place = written.ljust(4, b"\0")
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + place
    magic = b"II" if order == "<" else b"MM"
    header = magic + struct.pack(order + "HI", 42, 8 + len(data))
    return header + data + directory + b"\0" * 4 + outside


def tiff_rows(channels: int, bits: int, order: str = "<") -> list[bytes]:
    rows = [packed([sample for pixel in row for sample in pixel], bits) for row in random_rows(channels, bits)]
    if bits == 16 and order == "<":
        rows = [bytes(byte for pair in zip(row[1::2], row[::2]) for byte in pair) for row in rows]
    return rows


def color_map(colors: int) -> list[int]:
    return [DRAWS.randrange(256) * 257 for _ in range(3 * colors)]


def bmp(bits: int, compression: int, data: bytes, extra: bytes = b"", height: int = HEIGHT) -> bytes:
    """A BMP with the header of Windows 3; `extra` is the palette or the masks."""
    offset = 14 + 40 + len(extra)
    file = struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(data), 2835, 2835, 0, 0)
    return file + header + extra + data


def word_row(row: bytes) -> bytes:
    return row + b"\0" * (-len(row) % 4)


def bmp_palette(colors: int) -> bytes:
    return b"".join(DRAWS.randbytes(3) + b"\0" for _ in range(colors))


def runs(bits: int) -> bytes:
    """Run-length encoded rows: runs and literal pixels in turn."""
    data = b""
    for _ in range(HEIGHT):
        # Six pixels, since Pillow misreads an odd number of 4-bit ones.
        literal = DRAWS.randbytes(6) if bits == 8 else DRAWS.randbytes(3) + b"\0"
        data += bytes([3, DRAWS.randrange(256), 0, 6]) + literal + bytes([2, DRAWS.randrange(256), 0, 0])
    return data[:-2] + b"\0\1"


def core_bmp() -> bytes:
    rows = b"".join(word_row(DRAWS.randbytes(3 * WIDTH)) for _ in range(HEIGHT))
    return struct.pack("<2sIHHIIHHHH", b"BM", 26 + len(rows), 0, 0, 26, 12, WIDTH, HEIGHT, 1, 24) + rows


def within(gif: bytes, frame_at: tuple[int, int], size: tuple[int, int]) -> bytes:
    """The GIF with its only frame at a place inside a larger picture."""
    changed = bytearray(gif)
    changed[6:10] = struct.pack("<HH", *size)
    at = 13 + 3 * (2 << (gif[10] & 7)) if gif[10] & 0x80 else 13
    while changed[at] == 0x21:  # Skips extensions.
        at += 2
        while changed[at]:
            at += 1 + changed[at]
        at += 1
    changed[at + 1 : at + 5] = struct.pack("<HH", *frame_at)
    return bytes(changed)


def pngs() -> dict[str, bytes]:
    colors = DRAWS.randbytes(3 * 16)
    files = {f"png-grey{bits}": png(0, bits) for bits in (1, 2, 4, 8, 16)}
    files |= {f"png-rgb{bits}": png(2, bits) for bits in (8, 16)}
    files |= {f"png-grey{bits}-alpha": png(4, bits) for bits in (8, 16)}
    files |= {f"png-rgb{bits}-alpha": png(6, bits) for bits in (8, 16)}
    files |= {f"png-palette{bits}": png(3, bits, chunk(b"PLTE", colors[: 3 << bits])) for bits in (1, 2, 4)}
    files["png-palette8"] = saved(palette(200), "PNG")
    files["png-palette-alpha"] = png(3, 4, chunk(b"PLTE", colors) + chunk(b"tRNS", bytes(range(0, 160, 10))))
    files["png-palette-too-short"] = png(3, 4, chunk(b"PLTE", colors[:30]))
    files["png-grey-transparent"] = png(0, 4, chunk(b"tRNS", b"\0\7"))
    files["png-rgb-transparent"] = png(2, 8, chunk(b"tRNS", b"\0\7\0\7\0\7"))
    files["png-interlaced-rgb8"] = png(2, 8, interlaced=True)
    files["png-interlaced-grey1"] = png(0, 1, interlaced=True)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"tEXt", b"Comment\0none")
    files["png-gamma"] = png(2, 8, gamma)
    files["png-animated"] = saved(noisy("RGB"), "PNG", save_all=True, append_images=[noisy("RGB")])
    return files


def tiffs() -> dict[str, bytes]:
    rgb, grey = noisy("RGB"), noisy("L")
    files = {f"tiff-{kind.lower()}": saved(noisy(kind), "TIFF") for kind in ("L", "RGB", "RGBA", "CMYK", "LA")}
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        files[f"tiff-{compression.removeprefix('tiff_')}"] = saved(rgb, "TIFF", compression=compression)
    files["tiff-predictor"] = saved(rgb, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    files["tiff-group4"] = saved(grey.convert("1"), "TIFF", compression="group4")
    files["tiff-jpeg"] = saved(ImageOps.colorize(grey, "navy", "orange"), "TIFF", compression="jpeg")
    files["tiff-big"] = saved(rgb, "TIFF", big_tiff=True)
    files["tiff-palette8"] = saved(palette(256), "TIFF")
    files["tiff-pages"] = saved(rgb, "TIFF", save_all=True, append_images=[noisy("RGB")])
    files["tiff-strips"] = saved(rgb, "TIFF", strip_size=80)
    for bits in (1, 2, 4, 8, 16):
        for photometric, name in ((0, "white"), (1, "black")):
            rows = tiff_rows(1, bits)
            if bits == 16 and photometric == 0:
                continue  # Pillow does not invert it.
            files[f"tiff-grey{bits}-{name}-is-zero"] = tiff({258: bits, 262: photometric, 277: 1}, [b"".join(rows)])
    for bits in (1, 2, 4):
        tags = {258: bits, 262: 3, 277: 1, 320: color_map(1 << bits)}
        files[f"tiff-palette{bits}"] = tiff(tags, [b"".join(tiff_rows(1, bits))])
    for order in "<>":
        rows = b"".join(tiff_rows(1, 16, order))
        files[f"tiff-grey16-{'little' if order == '<' else 'big'}"] = tiff({258: 16, 262: 1}, [rows], order=order)
        rows = b"".join(tiff_rows(3, 16, order))
        tags = {258: [16] * 3, 262: 2, 277: 3}
        files[f"tiff-rgb16-{'little' if order == '<' else 'big'}"] = tiff(tags, [rows], order=order)
    tags = {258: [16] * 4, 262: 2, 277: 4, 338: 2}
    files["tiff-rgb16-alpha"] = tiff(tags, [b"".join(tiff_rows(4, 16))])
    tags = {258: [8] * 4, 262: 2, 277: 4, 338: 1}
    files["tiff-premultiplied"] = tiff(tags, [b"".join(tiff_rows(4, 8))])
    tags = {258: [8] * 4, 262: 2, 277: 4, 338: 0}
    files["tiff-extra"] = tiff(tags, [b"".join(tiff_rows(4, 8))])
    tags = {258: [8] * 3, 262: 2, 277: 3}
    files["tiff-planes"] = tiff({**tags, 284: 2}, [b"".join(tiff_rows(1, 8)) for _ in range(3)])
    files["tiff-tiles"] = tiff({**tags, 322: 16, 323: 16}, [DRAWS.randbytes(16 * 16 * 3)], tiled=True)
    return files


def bmps() -> dict[str, bytes]:
    rows16 = [b"".join(word_row(DRAWS.randbytes(2 * WIDTH)) for _ in range(HEIGHT)) for _ in range(2)]
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    files = {f"bmp-{mode.lower()}": saved(noisy(mode), "BMP") for mode in ("L", "RGB", "RGBA")}
    files["bmp-palette1"] = saved(noisy("L").convert("1"), "BMP")
    files["bmp-palette8"] = saved(palette(256), "BMP")
    rows = b"".join(word_row(packed([DRAWS.randrange(16) for _ in range(WIDTH)], 4)) for _ in range(HEIGHT))
    files["bmp-palette4"] = bmp(4, 0, rows, bmp_palette(16))
    files["bmp-rgb555"] = bmp(16, 0, rows16[0])
    files["bmp-rgb565"] = bmp(16, 3, rows16[1], masks)
    files["bmp-rle8"] = bmp(8, 1, runs(8), bmp_palette(256))
    files["bmp-rle4"] = bmp(4, 2, runs(4), bmp_palette(16))
    rows = b"".join(word_row(DRAWS.randbytes(3 * WIDTH)) for _ in range(HEIGHT))
    files["bmp-top-down"] = bmp(24, 0, rows, height=-HEIGHT)
    files["bmp-rgb32"] = bmp(32, 0, DRAWS.randbytes(4 * WIDTH * HEIGHT))
    files["bmp-core"] = core_bmp()
    return files


def gifs() -> dict[str, bytes]:
    plain = saved(palette(100), "GIF", interlace=0)
    files = {"gif-palette": plain, "gif-interlaced": saved(palette(100), "GIF", interlace=1)}
    files["gif-grey"] = saved(noisy("L"), "GIF")
    files["gif-transparent"] = saved(palette(16), "GIF", transparency=3)
    files["gif-inside"] = within(plain, (2, 1), (WIDTH + 4, HEIGHT + 3))
    files["gif-inside-transparent"] = within(files["gif-transparent"], (2, 1), (WIDTH + 4, HEIGHT + 3))
    files["gif-animated"] = saved(palette(50), "GIF", save_all=True, append_images=[palette(60)], duration=40)
    return files


def webps() -> dict[str, bytes]:
    rgb, rgba = noisy("RGB"), noisy("RGBA")
    gradient = ImageOps.colorize(Image.linear_gradient("L").resize((WIDTH, HEIGHT)), "navy", "orange", "teal")
    files = {"webp-lossless": saved(rgb, "WEBP", lossless=True)}
    files["webp-lossless-alpha"] = saved(rgba, "WEBP", lossless=True, exact=True)
    files["webp-lossless-palette"] = saved(palette(6).convert("RGB"), "WEBP", lossless=True)
    files["webp-animated"] = saved(rgb, "WEBP", save_all=True, append_images=[noisy("RGB")], lossless=True)
    files["webp-lossy"] = saved(gradient, "WEBP", quality=90)
    files["webp-lossy-noise"] = saved(rgb, "WEBP", quality=70)
    files["webp-lossy-alpha"] = saved(rgba, "WEBP", quality=80)
    return files


def pixels(file: bytes) -> dict[str, str]:
    """RGB and L as Pillow converts them, except for 16-bit gray, which it clips at 255: the high byte."""
    with Image.open(io.BytesIO(file)) as opened:
        if opened.mode.startswith("I;16"):
            opened = opened.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        found = {mode.lower(): opened.convert(mode).tobytes().hex() for mode in ("RGB", "L")}
        return {"size": [opened.height, opened.width], **found}


def write_formats(golden: pathlib.Path) -> None:
    files = pngs() | tiffs() | bmps() | gifs() | webps()
    cases = [{"name": name, "file": file.hex(), **pixels(file)} for name, file in files.items()]
    (golden / "formats.json").write_text(json.dumps(cases, indent=0) + "\n")


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def write_orientations(golden: pathlib.Path) -> None:
    """An asymmetric picture with every orientation, and its pixels after exif_transpose. JPEG's pixels are the
    decoded ones, transposed: two JPEG decoders differ by a few levels."""
    picture = noisy("RGB", 7, 5)
    cases = []
    for format, values in (("JPEG", range(10)), ("PNG", (3, 6)), ("WEBP", (5, 8)), ("TIFF", (1, 2, 6, 7))):
        for value in values:
            options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
            if format == "TIFF":
                file = saved(picture, format, tiffinfo={274: value})
            else:
                file = saved(picture, format, exif=exif(value), **options)
            cases.append(oriented(f"{format.lower()}-{value}", file))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    cases.append(oriented("jpeg-xmp", saved(picture, "JPEG", quality=95, subsampling=0, xmp=xmp)))
    cases.append(oriented("png-xmp", png(2, 8, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))))
    cases.append(oriented("png-exif-last", png(2, 8, after=chunk(b"eXIf", exif(6).tobytes()[6:]))))
    cases.append(oriented("webp-xmp", saved(picture, "WEBP", lossless=True, xmp=xmp)))
    (golden / "orientations.json").write_text(json.dumps(cases, indent=0) + "\n")


def oriented(name: str, file: bytes) -> dict[str, str | list[int]]:
    with Image.open(io.BytesIO(file)) as opened:
        plain = opened.convert("RGB")
        upright = ImageOps.exif_transpose(opened).convert("RGB")
        return {
            "name": name,
            "file": file.hex(),
            "plain": plain.tobytes().hex(),
            "size": [upright.height, upright.width],
            "upright": upright.tobytes().hex(),
        }
