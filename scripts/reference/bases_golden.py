"""What bases_keras.py and bases_torchvision.py share: drawn weights, and the golden files."""

import importlib
import pathlib

import numpy as np

from spread import spread

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "bases"
SAMPLES = 127
SIZES = ((96, 96), (75, 101))


def drawn(name: str, shape: tuple) -> np.ndarray:
    """The tensor `name` in petite's layout, [O, I, H, W]: kernels to He's limits, the rest near its usual values."""
    salt = 2166136261  # FNV-1a
    for byte in name.encode():
        salt = ((salt ^ byte) * 16777619) & 0xFFFFFFFF
    numbers = spread(int(np.prod(shape)), salt).reshape(shape)
    if len(shape) == 4:
        return (numbers * 2 - 1) * np.float32(np.sqrt(6.0 / np.prod(shape[1:])))
    if name.endswith(("running_var", ".weight")):
        return numbers + np.float32(0.5)
    return (numbers * 2 - 1) * np.float32(0.1)


def sample(array) -> np.ndarray:
    """SAMPLES values, an odd number of places apart, and the whole array's root mean square last."""
    flat = np.asarray(array, dtype=np.float32).reshape(-1)
    places = (np.arange(SAMPLES) * ((flat.size // SAMPLES) | 1)) % flat.size
    return np.append(flat[places], np.float32(np.sqrt(np.mean(flat.astype(np.float64) ** 2))))


def save(tensors: dict, name: str, framework: str = "numpy") -> None:
    path = GOLDEN / f"{name}.safetensors"
    importlib.import_module(f"safetensors.{framework}").save_file(tensors, path)
    path.chmod(0o644)
