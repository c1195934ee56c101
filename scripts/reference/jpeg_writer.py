"""Writes JPEGs from random coefficients, segment by segment, so that any of them can be odd or missing."""

import random
import struct

DRAWS = random.Random(61)

# Every code of both tables has 8 bits, so a symbol's code is its place in the table.
DC_SYMBOLS = list(range(12))
AC_SYMBOLS = [run << 4 | size for run in range(16) for size in range(11)]
AC_CODES = {symbol: code for code, symbol in enumerate(AC_SYMBOLS)}


def segment(marker: int, data: bytes = b"") -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def huffman(kind: int, slot: int, symbols: list[int], bits: int = 8) -> bytes:
    counts = [0] * 16
    counts[bits - 1] = len(symbols)
    return segment(0xC4, bytes([kind << 4 | slot, *counts, *symbols]))


TABLES = {(0, 0): huffman(0, 0, DC_SYMBOLS), (1, 0): huffman(1, 0, AC_SYMBOLS)}
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
QUANTIZATION = segment(0xDB, bytes([0] + [8 + index // 2 for index in range(64)]))


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def parts(length: int, size: int) -> int:
    """Parts of `size` that cover `length`."""
    return (length + size - 1) // size


class Bits:
    def __init__(self) -> None:
        self.text: list[str] = []

    def put(self, value: int, bits: int) -> None:
        if bits:
            self.text.append(f"{value:0{bits}b}")

    def code(self, code: int) -> None:
        self.put(code, 8)

    def value(self, value: int, size: int) -> None:
        self.put(value if value > 0 else value + (1 << size) - 1, size)

    def data(self) -> bytes:
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        data = int("1" + text, 2).to_bytes(len(text) // 8 + 1, "big")[1:]
        return data.replace(b"\xff", b"\xff\0")


def shifted(value: int, bits: int) -> int:
    return abs(value) >> bits if value >= 0 else -(abs(value) >> bits)


class Jpeg:
    """A picture of random smooth blocks. `factors` are each component's sampling factors across and down."""

    def __init__(self, width: int, height: int, factors: list[tuple[int, int]], ids: list[int] | None = None) -> None:
        self.width, self.height, self.factors = width, height, factors
        self.ids = ids or list(range(1, len(factors) + 1))
        self.most = max(h for h, _ in factors), max(v for _, v in factors)
        self.units = parts(width, 8 * self.most[0]), parts(height, 8 * self.most[1])
        self.blocks = []
        for h, v in factors:
            across, down = self.units[0] * h, self.units[1] * v
            self.blocks.append([[self.block(column, row) for column in range(across)] for row in range(down)])

    def block(self, column: int, row: int) -> list[int]:
        values = [0] * 64
        values[0] = (column * 9 + row * 13 + DRAWS.randrange(60)) % 90 - 45
        for place in (1, 2, 3, 4, 8, 20):
            values[place] = DRAWS.randrange(-6, 7) // (1 + place // 4)
        return values

    def frame(
        self, marker: int = 0xC0, bits: int = 8, height: int | None = None, tables: list[int] | None = None
    ) -> bytes:
        data = struct.pack(">BHHB", bits, self.height if height is None else height, self.width, len(self.ids))
        for index, (h, v) in enumerate(self.factors):
            data += bytes([self.ids[index], h << 4 | v, tables[index] if tables else 0])
        return segment(marker, data)

    def places(self, components: list[int]) -> list[list[tuple[int, int, int]]]:
        """The blocks of each unit of a scan: component, row, column."""
        if len(components) == 1:
            (c,) = components
            h, v = self.factors[c]
            across = parts(parts(self.width * h, self.most[0]), 8)
            down = parts(parts(self.height * v, self.most[1]), 8)
            return [[(c, row, column)] for row in range(down) for column in range(across)]
        return [
            [
                (c, y * self.factors[c][1] + row, x * self.factors[c][0] + column)
                for c in components
                for row in range(self.factors[c][1])
                for column in range(self.factors[c][0])
            ]
            for y in range(self.units[1])
            for x in range(self.units[0])
        ]

    def scan(
        self,
        components: list[int] | None = None,
        spectrum: tuple[int, int] = (0, 63),
        high: int = 0,
        low: int = 0,
        *,
        interval: int = 0,
        units: int | None = None,
        ids: list[int] | None = None,
    ) -> bytes:
        """A scan with its header; `units` ends it early."""
        components = list(range(len(self.ids))) if components is None else components
        ids = ids or [self.ids[component] for component in components]
        header = bytes([len(ids)]) + b"".join(bytes([id, 0]) for id in ids)
        header += bytes([*spectrum, high << 4 | low])
        data, bits, previous = b"", Bits(), [0] * len(self.ids)
        for index, unit in enumerate(self.places(components)[:units]):
            if interval and index and index % interval == 0:
                data += bits.data() + bytes([0xFF, 0xD0 + (index // interval - 1) % 8])
                bits, previous = Bits(), [0] * len(self.ids)
            for c, row, column in unit:
                block = self.blocks[c][row][column]
                self.put(bits, block, c, previous, spectrum, high, low)
        return segment(0xDA, header) + data + bits.data()

    @staticmethod
    def put(
        bits: Bits, block: list[int], c: int, previous: list[int], spectrum: tuple[int, int], high: int, low: int
    ) -> None:
        first, last = spectrum
        if first == 0 and high:
            bits.put(block[0] >> low & 1, 1)
        elif first == 0:
            value = block[0] >> low
            difference, previous[c] = value - previous[c], value
            size = abs(difference).bit_length()
            bits.code(size)
            bits.value(difference, size)
        if last == 0:
            return
        run, corrections = 0, []
        values = [(place, shifted(block[place], low)) for place in range(max(first, 1), last + 1)]
        final = max((place for place, value in values if abs(value) == 1 or (value and not high)), default=0)
        for place, value in values:
            if high and abs(value) > 1:
                corrections.append(abs(value) & 1)
                continue
            if value == 0:
                run += 1
                if run == 16 and place < final:
                    bits.code(AC_CODES[0xF0])
                    [bits.put(correction, 1) for correction in corrections]
                    run, corrections = 0, []
                continue
            size = abs(value).bit_length()
            bits.code(AC_CODES[run << 4 | size])
            bits.value(value, size)
            [bits.put(correction, 1) for correction in corrections]
            run, corrections = 0, []
        if run or corrections:
            bits.code(AC_CODES[0])
            [bits.put(correction, 1) for correction in corrections]

    def progression(self) -> list[bytes]:
        """The usual scans of a progressive picture."""
        each = range(len(self.ids))
        scans = [self.scan(spectrum=(0, 0), low=1)]
        for spectrum, high, low in (((1, 5), 0, 2), ((6, 63), 0, 2), ((1, 63), 2, 1)):
            scans += [self.scan([c], spectrum, high, low) for c in each]
        scans.append(self.scan(spectrum=(0, 0), high=1))
        return scans + [self.scan([c], (1, 63), 1, 0) for c in each]

    def file(
        self,
        *scans: bytes,
        head: bytes = b"",
        tables: bytes | None = None,
        frame: bytes | None = None,
        tail: bytes = EOI,
    ) -> bytes:
        tables = b"".join(TABLES.values()) if tables is None else tables
        frame = self.frame() if frame is None else frame
        return SOI + head + QUANTIZATION + frame + tables + b"".join(scans or [self.scan()]) + tail
