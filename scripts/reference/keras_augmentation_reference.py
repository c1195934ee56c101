#!/usr/bin/env python3
"""Writes tests/golden/keras/augmentation.* and draws.json: pictures transformed by Keras, and the
distribution of the transforms that it draws.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/reference/keras_augmentation_reference.py

Keras 3 runs unmodified. The backends of Keras 2.0.8 and Keras-Preprocessing 1.1.2 can no longer be
installed, so only their image code runs: their wheels are downloaded with pip and unpacked, and the
two backend functions that the code calls are replaced. Only needed to regenerate the files; the tests
read the committed ones.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import warnings
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import keras
import numpy as np
import scipy
from keras.src.legacy.preprocessing import image as keras3_image
from safetensors.numpy import save_file

from keras_reference import GOLDEN, write_json


def module(name: str, **members) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__path__ = []
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


def unpack(requirements: pathlib.Path, folder: pathlib.Path) -> None:
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "-r", requirements]
    subprocess.run(download, check=True)
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)


def load(path: pathlib.Path, name: str):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def old_image_code() -> tuple:
    """The image modules of Keras 2.0.8 and Keras-Preprocessing 1.1.2."""
    folder = pathlib.Path(tempfile.mkdtemp())
    unpack(pathlib.Path(__file__).resolve().parents[1] / "requirements/keras-2.txt", folder)
    module("keras208")
    backend = module("keras208.backend", image_data_format=lambda: "channels_last", floatx=lambda: "float32")
    sys.modules["keras208"].backend = backend
    module("keras208.utils")
    module("keras208.utils.data_utils", Sequence=object)
    module("keras208.preprocessing")
    book = load(folder / "keras" / "preprocessing" / "image.py", "keras208.preprocessing.image")
    sys.path.insert(0, str(folder))
    from keras_preprocessing import image as preprocessing

    return book, preprocessing


class Draws:
    """Replaces numpy.random in Keras 2.0.8, which does not expose its draws: returns those in
    `values` one after the other, or draws and records."""

    def __init__(self, values=None, seed=0):
        self.values, self.generator, self.seen = values, np.random.RandomState(seed), []

    def uniform(self, low, high, size=None):
        drawn = self.generator.uniform(low, high, size) if self.values is None else self.values.pop(0)
        self.seen.extend(np.atleast_1d(drawn).tolist())
        return drawn

    def random(self):
        drawn = self.generator.random_sample() if self.values is None else self.values.pop(0)
        self.seen.append(float(drawn))
        return drawn


class NumpyWithDraws:
    def __init__(self, draws):
        self.random = draws

    def __getattr__(self, name):
        return getattr(np, name)


def apply_book(book, picture, case: dict) -> np.ndarray:
    """The transform of `case` by Keras 2.0.8's own random_transform, with given draws."""
    generator = book.ImageDataGenerator(
        rotation_range=1,
        width_shift_range=1,
        height_shift_range=1,
        shear_range=1,
        zoom_range=(0.5, 1.5),
        channel_shift_range=1 if case["channel_shift"] is not None else 0,
        horizontal_flip=True,
        vertical_flip=True,
        fill_mode=case["fill_mode"],
        cval=case["cval"],
    )
    height, width, _ = picture.shape
    values = [case["theta"], case["tx"] / height, case["ty"] / width, case["shear"], (case["zx"], case["zy"])]
    values += case["channel_shift"] or []
    values += [0.0 if case["flip_horizontal"] else 1.0, 0.0 if case["flip_vertical"] else 1.0]
    book.np = NumpyWithDraws(Draws(values))
    transformed = generator.random_transform(picture)
    book.np = np
    assert not values, values
    return transformed


def apply_later(code, picture, case: dict) -> np.ndarray:
    """The transform of `case` by the ImageDataGenerator of Keras-Preprocessing or Keras 3."""
    generator = code.ImageDataGenerator(fill_mode=case["fill_mode"], cval=case["cval"])
    names = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical", "brightness")
    parameters = {name: case[name] for name in names}
    parameters["channel_shift_intensity"] = case["channel_shift"] and case["channel_shift"][0]
    return generator.apply_transform(picture, parameters)


def cases() -> list:
    """Transforms with each parameter alone, all of them together, and far outside the picture."""
    nothing = dict(theta=0.0, tx=0.0, ty=0.0, shear=0.0, zx=1.0, zy=1.0, flip_horizontal=False, flip_vertical=False,
                   channel_shift=None, brightness=None)  # fmt: skip
    together = dict(theta=-31.7, tx=2.3, ty=-3.1, zx=0.83, zy=1.17)
    found = []
    for fill_mode in ("nearest", "reflect", "wrap", "constant"):
        fill = dict(nothing, fill_mode=fill_mode, cval=70.0 if fill_mode == "constant" else 0.0)
        found += [
            dict(fill, **together, shear=0.17, flip_horizontal=True),
            dict(fill, **together, shear=11.0),
            dict(fill, tx=-27.4, ty=44.6),
        ]
        if fill_mode == "nearest":
            found += [
                dict(fill, theta=40.0),
                dict(fill, tx=3.7),
                dict(fill, ty=-4.4),
                dict(fill, shear=0.2),
                dict(fill, zx=0.8),
                dict(fill, zy=1.2),
                dict(fill, flip_vertical=True, flip_horizontal=True, zx=1.01),
                dict(fill, theta=12.3, channel_shift=[33.4, -20.2, 7.7], flip_vertical=True),
                dict(fill, theta=12.3, channel_shift=[-90.0, 40.0, 11.0], brightness=1.4),
                dict(fill, brightness=0.35),
            ]
    return found


def write_augmentation(book, preprocessing) -> None:
    draws = np.random.RandomState(52)
    pictures = {"wide": draws.randint(20, 236, (15, 24, 3)), "tall": draws.randint(0, 256, (20, 17, 3))}
    tensors = {name: picture.astype(np.uint8) for name, picture in pictures.items()}
    table = []
    for name, picture in pictures.items():
        for number, case in enumerate(cases()):
            for profile in ("2.0.8", "2.2", "3"):
                start = picture.astype(np.float32)
                if profile == "2.0.8":
                    if case["brightness"] is not None:
                        continue  # 2.0.8 has no brightness.
                    out = apply_book(book, start, case)
                    assert np.all(out == np.round(out)) or case["channel_shift"]
                else:
                    out = apply_later(preprocessing if profile == "2.2" else keras3_image, start, case)
                key = f"{name}.{number}.{profile}"
                whole = np.all(out == out.astype(np.uint8))
                tensors[key] = np.ascontiguousarray(out.astype(np.uint8 if whole else np.float32))
                table.append(dict(case, picture=name, profile=profile, expected=key))
    save_file(tensors, GOLDEN / "augmentation.safetensors")
    versions = {"keras": keras.__version__, "scipy": scipy.__version__, "numpy": np.__version__}
    write_json("augmentation.json", {"versions": versions, "cases": table})


def write_draws(book, preprocessing, count: int = 20_000) -> None:
    """Moments of the draws of listing 5.11's generator; shifts as fractions of the picture."""
    size = (150, 100, 3)
    ranges = dict(rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2,
                  zoom_range=0.2, horizontal_flip=True)  # fmt: skip
    names = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal")
    report = {}
    for profile, code in (("2.0.8", book), ("2.2", preprocessing), ("3", keras3_image)):
        generator = code.ImageDataGenerator(**ranges)
        if profile == "2.0.8":
            recorder = Draws(seed=1)
            book.np = NumpyWithDraws(recorder)
            tiny = np.zeros((2, 2, 1), np.float32)
            for _ in range(count):
                generator.random_transform(tiny)
            book.np = np
            table = np.array(recorder.seen).reshape(count, 7)
            table[:, 6] = table[:, 6] < 0.5
        else:
            np.random.seed(1)
            rows = [generator.get_random_transform(size) for _ in range(count)]
            table = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
            table[:, 1] /= size[0]
            table[:, 2] /= size[1]
        report[profile] = {
            "low": table.min(0).tolist(), "high": table.max(0).tolist(), "mean": table.mean(0).tolist(),
            "deviation": table.std(0).tolist(), "correlation": np.corrcoef(table.T).tolist(),
        }  # fmt: skip
    write_json("draws.json", {"count": count, "names": names, "profiles": report})


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    old_code = old_image_code()
    write_augmentation(*old_code)
    write_draws(*old_code)
