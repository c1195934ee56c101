"""Odd and damaged JPEGs, and Pillow's pixels for them or that it refuses them; see pillow_reference.py."""

import io
import json
import pathlib
import struct

from PIL import Image

from jpeg_writer import EOI, JFIF, QUANTIZATION, SOI, TABLES, Jpeg, adobe, huffman, segment

SIZE = 17, 11
HALVED = [(2, 2), (1, 1), (1, 1)]
ALL_TABLES = b"".join(TABLES.values())


def progressive(jpeg: Jpeg, *scans: bytes, **parts) -> bytes:
    return jpeg.file(*(scans or jpeg.progression()), frame=jpeg.frame(0xC2), **parts)


def colors() -> dict[str, bytes]:
    """Every way of saying what the components are."""
    files = {}
    three, four = Jpeg(*SIZE, [(1, 1)] * 3), Jpeg(*SIZE, [(1, 1)] * 4)
    for name, jpeg in (("three", three), ("four", four)):
        for transform in (None, 0, 1, 2, 7):
            head = b"" if transform is None else adobe(transform)
            files[f"{name}-adobe-{transform}".lower()] = jpeg.file(head=head)
        files[f"{name}-jfif-adobe-0"] = jpeg.file(head=adobe(0) + JFIF)
    files["three-adobe-0-halved"] = Jpeg(*SIZE, HALVED).file(head=adobe(0))
    files["three-adobe-0-progressive"] = progressive(three, head=adobe(0))
    files["three-adobe-short"] = three.file(head=segment(0xEE, b"Adobe\0\x64\0\0\0\0"))
    files["three-adobe-twice"] = three.file(head=adobe(1) + adobe(0))
    files["three-adobe-last"] = three.file(tail=adobe(0) + EOI)
    files["four-adobe-2-halved"] = Jpeg(*SIZE, [(2, 2), (1, 1), (1, 1), (2, 2)]).file(head=adobe(2))
    files["four-adobe-0-progressive"] = progressive(four, head=adobe(0))
    for ids, head, name in (
        (b"RGB", b"", "ids-rgb"),
        (b"RGB", JFIF, "ids-rgb-jfif"),
        (b"RGB", adobe(1), "ids-rgb-adobe-1"),
        (b"rgb", b"", "ids-lower-case"),
        (b"\7\5\xc8", b"", "ids-odd"),
        (b"\1\1\1", b"", "ids-equal"),
        (b"CMYK", b"", "ids-cmyk"),
    ):
        files[name] = Jpeg(*SIZE, [(1, 1)] * len(ids), ids=list(ids)).file(head=head)
    files["one-adobe-0"] = Jpeg(*SIZE, [(1, 1)]).file(head=adobe(0))
    files["two"] = Jpeg(*SIZE, [(1, 1)] * 2).file()
    files["five"] = Jpeg(*SIZE, [(1, 1)] * 5).file()
    return files


def samplings() -> dict[str, bytes]:
    """Subsampled components, in one scan and in several."""
    files = {}
    for factors in (HALVED, [(1, 2), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)], [(4, 1), (1, 1), (1, 1)]):
        jpeg, name = Jpeg(*SIZE, factors), f"{factors[0][0]}x{factors[0][1]}"
        files[name] = jpeg.file()
        files[f"{name}-scans"] = jpeg.file(*(jpeg.scan([component]) for component in range(3)))
        files[f"{name}-two-scans"] = jpeg.file(jpeg.scan([0]), jpeg.scan([1, 2]))
        files[f"{name}-progressive"] = progressive(jpeg)
    files["3x1"] = Jpeg(*SIZE, [(3, 1), (1, 1), (1, 1)]).file()
    files["chroma-finer"] = Jpeg(*SIZE, [(1, 1), (2, 2), (1, 1)]).file()
    files["too-many-blocks"] = Jpeg(*SIZE, [(2, 2)] * 3).file()
    files["one-2x2"] = Jpeg(*SIZE, [(2, 2)]).file()
    files["one-3x3"] = Jpeg(*SIZE, [(3, 3)]).file()
    return files


def codings() -> dict[str, bytes]:
    jpeg = Jpeg(*SIZE, HALVED)
    files = {
        f"frame-{marker:x}": jpeg.file(frame=jpeg.frame(marker))
        for marker in (0xC1, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xDE)
    }
    files |= {f"bits-{bits}": jpeg.file(frame=jpeg.frame(0xC1, bits=bits)) for bits in (2, 12, 16)}
    return files


def headers() -> dict[str, bytes]:
    """Segments that are odd, missing, or in the wrong place."""
    jpeg = Jpeg(*SIZE, HALVED)
    line_count = segment(0xDC, struct.pack(">H", SIZE[1]))
    wide = b"".join(struct.pack(">H", 8 + index // 2) for index in range(64))
    return {
        "no-scan": SOI + QUANTIZATION + jpeg.frame() + ALL_TABLES + EOI,
        "no-frame": SOI + QUANTIZATION + ALL_TABLES + jpeg.scan() + EOI,
        "no-quantization": SOI + jpeg.frame() + ALL_TABLES + jpeg.scan() + EOI,
        "no-progressive-tables": progressive(jpeg, tables=b""),
        "quantization-16-bit": jpeg.file().replace(QUANTIZATION, segment(0xDB, b"\x10" + wide)),
        "quantization-elsewhere": jpeg.file(frame=jpeg.frame(tables=[0, 1, 1])),
        "quantization-short": jpeg.file(head=segment(0xDB, b"\0" + b"\1" * 60)),
        "quantization-slot-9": jpeg.file(head=segment(0xDB, b"\x09" + b"\1" * 64)),
        "quantization-zero": jpeg.file().replace(QUANTIZATION, segment(0xDB, b"\0" * 65)),
        "tables-empty": jpeg.file(tables=segment(0xC4) + ALL_TABLES),
        "tables-excessive": jpeg.file(tables=huffman(0, 0, [0, 1, 2], 1) + TABLES[1, 0]),
        "tables-only-ones": jpeg.file(tables=huffman(0, 0, [0, 1], 1) + TABLES[1, 0]),
        "tables-unused": jpeg.file(tables=huffman(0, 3, [0, 1, 2], 1) + ALL_TABLES),
        "tables-slot-9": jpeg.file(tables=huffman(0, 9, [0], 4) + ALL_TABLES),
        "tables-sizes": jpeg.file(tables=huffman(0, 0, list(range(17))) + TABLES[1, 0]),
        "tables-long": jpeg.file(tables=segment(0xC4, TABLES[0, 0][4:] + b"\0\0\0") + TABLES[1, 0]),
        "frame-twice": jpeg.file(head=jpeg.frame()),
        "frame-later": jpeg.file(tail=jpeg.frame() + EOI),
        "frame-short": jpeg.file(frame=segment(0xC0, jpeg.frame()[4:-3])),
        "height-0": jpeg.file(frame=jpeg.frame(height=0), tail=line_count + EOI),
        "line-count": jpeg.file(tail=line_count + EOI),
        "height-smaller": jpeg.file(frame=jpeg.frame(height=5)),
        "height-larger": jpeg.file(frame=jpeg.frame(height=90)),
        "height-65501": jpeg.file(frame=jpeg.frame(height=65501)),
        "marker-unknown": jpeg.file(head=segment(0x05, b"xx")),
        "marker-unknown-later": jpeg.file(tail=segment(0xF0, b"xx") + EOI),
        "image-twice": SOI + jpeg.file(),
        "image-ends-first": SOI + EOI + jpeg.file()[2:],
        "bytes-before": SOI + b"\0\0" + jpeg.file()[2:],
        "bytes-between": jpeg.file(head=JFIF + b"junk"),
        "bytes-behind-scan": jpeg.file(tail=b"junk\xff\0more" + EOI),
        "fill-bytes": jpeg.file(head=b"\xff\xff" + JFIF, tail=b"\xff\xff\xff\xd9"),
        "interval-short": jpeg.file(head=segment(0xDD, b"\2")),
        "segment-too-long": jpeg.file(head=b"\xff\xe5\xff\xff"),
    }


def metadata() -> dict[str, bytes]:
    """Broken EXIF, XMP, ICC and others, which say nothing of the pixels."""
    jpeg = Jpeg(*SIZE, HALVED)
    exif = {
        "empty": b"",
        "random": b"\xff" * 40,
        "cut": b"II*\0\x08\0\0\0\5",
        "far": b"II*\0\xff\xff\xff\xff",
        "loop": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
        "orientation-9": b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0\0\0\0\0",
    }
    heads = {f"exif-{name}": segment(0xE1, b"Exif\0\0" + data) for name, data in exif.items()}
    heads["xmp-broken"] = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<tiff:Orientation>9")
    heads["xmp-extension-short"] = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0xx")
    heads["icc-part-missing"] = segment(0xE2, b"ICC_PROFILE\0\1\2profile")
    heads["icc-numbers-0"] = segment(0xE2, b"ICC_PROFILE\0\0\0")
    heads["pictures-far"] = segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")
    heads["photoshop-cut"] = segment(0xED, b"Photoshop 3.0\x008BIM")
    return {name: jpeg.file(head=head) for name, head in heads.items()}


def scans() -> dict[str, bytes]:
    """Scan data that are damaged, missing, or too many."""
    jpeg, plain = Jpeg(*SIZE, HALVED), Jpeg(*SIZE, [(1, 1)] * 3)
    file, interval = jpeg.file(), segment(0xDD, b"\0\1")
    start = file.index(b"\xff\xda") + 14
    restarted = jpeg.file(jpeg.scan(interval=1), head=interval)
    first = restarted.index(b"\xff\xd0")
    return {
        "restarts": restarted,
        "restart-extra": restarted[:-2] + b"\xff\xd1" + EOI,
        "restart-late": restarted[:first] + b"\x12\x34" + restarted[first:],
        "restart-early": restarted[: first - 4] + restarted[first:],
        "restart-missing": restarted[:first] + restarted[first + 2 :],
        "restart-other": restarted[:first] + b"\xff\xd5" + restarted[first + 2 :],
        "restart-undefined": jpeg.file(jpeg.scan(interval=1)),
        "interval-without-restarts": jpeg.file(head=interval),
        "end-missing": jpeg.file(tail=b""),
        "unit-missing": jpeg.file(jpeg.scan(units=1)),
        "no-units": jpeg.file(jpeg.scan(units=0)),
        "last-byte-missing": file[:-3] + EOI,
        "damaged": file[: start + 9] + b"\xfe\xfe" + file[start + 11 :],
        "comment-inside": file[: start + 20] + segment(0xFE, b"comment") + file[start + 20 :],
        "component-unknown": jpeg.file(jpeg.scan(ids=[1, 2, 9])),
        "component-twice": jpeg.file(jpeg.scan(ids=[1, 2, 2])),
        "components-0": jpeg.file(segment(0xDA, b"\0\0\x3f\0")),
        "components-5": jpeg.file(segment(0xDA, b"\5\1\0\2\0\3\0\1\0\2\0\0\x3f\0")),
        "scan-behind": jpeg.file(jpeg.scan(), jpeg.scan([0])),
        "scan-missing": plain.file(plain.scan([0]), plain.scan([2])),
        "scan-repeated": plain.file(*(plain.scan([component]) for component in (0, 0, 1, 2))),
        "scan-short": plain.file(plain.scan([0]), plain.scan([1], units=2), plain.scan([2])),
        "parameters-ignored": jpeg.file(jpeg.scan().replace(b"\0\x3f\0", b"\1\x14\x21", 1)),
    }


def progressions() -> dict[str, bytes]:
    jpeg, grey = Jpeg(*SIZE, HALVED), Jpeg(*SIZE, [(1, 1)])
    usual = jpeg.progression()
    flat, each = jpeg.scan(spectrum=(0, 0)), range(3)
    full = [jpeg.scan([component], (1, 63)) for component in each]
    empty = grey.scan([0], (63, 63))
    return {
        "progressive-dc-last": progressive(jpeg, *full, flat),
        "progressive-dc-alone": progressive(jpeg, *(jpeg.scan([component], (0, 0)) for component in each), *full),
        "progressive-restarts": progressive(
            jpeg,
            jpeg.scan(spectrum=(0, 0), interval=1),
            *(jpeg.scan([component], (1, 63), interval=1) for component in each),
            head=segment(0xDD, b"\0\1"),
        ),
        "progressive-repeated": progressive(jpeg, flat, *full, *full),
        "progressive-high-missing": progressive(jpeg, flat, *(jpeg.scan([component], (1, 20)) for component in each)),
        "progressive-500-scans": progressive(grey, grey.scan(spectrum=(0, 0)), grey.scan([0], (1, 63)), *[empty] * 498),
        "progressive-flat": progressive(jpeg, flat),
        "progressive-no-chroma": progressive(jpeg, flat, full[0]),
        "progressive-last-missing": progressive(jpeg, *usual[:-1]),
        "progressive-no-dc": progressive(jpeg, *full),
        "progressive-short-dc": progressive(jpeg, jpeg.scan(spectrum=(0, 0), low=1, units=1), *usual[1:]),
        "progressive-short-ac": progressive(jpeg, *usual[:1], jpeg.scan([0], (1, 5), 0, 2, units=2), *usual[2:]),
        "progressive-short-last": progressive(jpeg, *usual[:-3], jpeg.scan([0], (1, 63), 1, 0, units=2), *usual[-2:]),
        "progressive-bit-skipped": progressive(
            jpeg, jpeg.scan(spectrum=(0, 0), low=2), jpeg.scan(spectrum=(0, 0), high=2), *full
        ),
        "progressive-bit-first": progressive(jpeg, jpeg.scan(spectrum=(0, 0), high=1), *usual[1:]),
        "progressive-mixed": progressive(jpeg, jpeg.scan()),
        "progressive-interleaved": progressive(jpeg, flat, jpeg.scan(spectrum=(1, 63))),
        "progressive-bit-14": progressive(jpeg, jpeg.scan(spectrum=(0, 0), low=14)),
    }


def sizes() -> dict[str, bytes]:
    return {
        "1x1": Jpeg(1, 1, HALVED).file(),
        "1x1-progressive": progressive(Jpeg(1, 1, HALVED)),
        "1x70": Jpeg(1, 70, [(1, 1)] * 3).file(),
        "90x1": Jpeg(90, 1, HALVED).file(),
    }


def decoded(file: bytes) -> dict[str, str | list[int]]:
    try:
        with Image.open(io.BytesIO(file)) as opened:
            return {"size": [opened.height, opened.width], "rgb": opened.convert("RGB").tobytes().hex()}
    except (OSError, SyntaxError):
        return {}


def write_jpegs(golden: pathlib.Path) -> None:
    files = colors() | samplings() | codings() | headers() | metadata() | scans() | progressions() | sizes()
    cases = [{"name": name, "file": file.hex(), **decoded(file)} for name, file in files.items()]
    (golden / "jpegs.json").write_text(json.dumps(cases, indent=0) + "\n")
