"""Numbers and pictures that the tests make in the same way, so that none are stored."""

import numpy as np


def spread(count: int, salt: int) -> np.ndarray:
    """`count` numbers in [0, 1): Knuth's multiplicative hash of 32 bits."""
    k = np.arange(count, dtype=np.uint64) + np.uint64(salt) * np.uint64(7919)
    h = (k * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(13)
    return (h.astype(np.float64) / 2.0**32).astype(np.float32)


def pictures(height: int, width: int, count: int = 2) -> np.ndarray:
    """Bars and blobs with noise, [N, H, W, 3] u8."""
    n, y, x, c = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    noise = (spread(n.size, 99) * 64).astype(np.int64).reshape(n.shape)
    return ((x * (n + 1) + y * (c + 1) * (2 - n % 2)) % 192 + noise).astype(np.uint8)
