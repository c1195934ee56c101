#!/usr/bin/env python3
"""Writes tests/golden/layers.json: values and gradients of single layers, from their definitions, in f64.

    python3 -m venv /tmp/numpy && /tmp/numpy/bin/pip install numpy
    /tmp/numpy/bin/python scripts/reference/layers_reference.py

The definitions are those of PyTorch's documentation: torch.nn.LayerNorm over the channels, torch.nn.GELU without
approximation, and a factor by channel. Gradients are those of the sum of the output times `weights`. Inputs and
parameters are drawn numbers, which the test draws in the same way. Only needed to regenerate the file.
"""

import json
import math
import pathlib

import numpy as np

from spread import spread

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "layers.json"
SHAPE = (2, 2, 3, 4)  # N, H, W, C
EPSILON = 1e-6


def drawn(shape: tuple, salt: int) -> np.ndarray:
    """In -2..2, in f32 before they become f64."""
    return (spread(math.prod(shape), salt) * np.float32(4) - np.float32(2)).astype(np.float64).reshape(shape)


def layer_norm(x, weights, gamma, beta) -> dict:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    normal = (x - mean) / np.sqrt(variance + EPSILON)
    of_normal = weights * gamma
    means = of_normal.mean(-1, keepdims=True), (of_normal * normal).mean(-1, keepdims=True)
    return {
        "output": normal * gamma + beta,
        "gradient": (of_normal - means[0] - normal * means[1]) / np.sqrt(variance + EPSILON),
        "weight": (weights * normal).sum((0, 1, 2)),
        "bias": weights.sum((0, 1, 2)),
    }


def gelu(x, weights) -> dict:
    share = (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return {"output": x * share, "gradient": weights * (share + x * density)}


def scale(x, weights, factor) -> dict:
    return {"output": x * factor, "gradient": weights * factor, "layer_scale": (weights * x).sum((0, 1, 2))}


def main() -> None:
    x, weights = drawn(SHAPE, 1), drawn(SHAPE, 2)
    first, second = drawn(SHAPE[-1:], 3), drawn(SHAPE[-1:], 4)
    layers = {
        "layer_norm": layer_norm(x, weights, first, second),
        "gelu": gelu(x, weights),
        "scale": scale(x, weights, first),
    }
    flat = {name: {key: values.ravel().tolist() for key, values in of.items()} for name, of in layers.items()}
    GOLDEN.write_text(json.dumps(flat) + "\n")


if __name__ == "__main__":
    main()
