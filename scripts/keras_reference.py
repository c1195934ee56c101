#!/usr/bin/env python3
"""Writes tests/golden/keras: what Keras computes where petite must compute the same.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu==2.21.0 pillow==12.0.0 scipy safetensors
    /tmp/keras/bin/python scripts/keras_reference.py

Keras 3 runs as it is. Of Keras 2.0.8 and Keras-Preprocessing 1.1.2, whose backends no longer
install, the image code runs by itself: their wheels are fetched with pip and unpacked, and the
backend's two functions it calls are given to it. The old RMSprop is two lines, written below.

Only needed to make the files again; the tests read what is committed.
"""

import importlib.util
import json
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
from keras import layers
from keras.src.legacy.preprocessing import image as keras3_image
from safetensors.numpy import save_file

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "keras"


# Augmentation


def module(name: str, **members) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__path__ = []
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


def unpack(requirement: str, folder: pathlib.Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, requirement], check=True)
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
    unpack("Keras==2.0.8", folder)
    unpack("Keras-Preprocessing==1.1.2", folder)
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
    """Stands in for numpy.random in Keras 2.0.8, which hands its draws to nobody: gives those of
    `values` in turn, or draws and records."""

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
    """The transform of `case` by Keras 2.0.8's own random_transform, its draws given."""
    generator = book.ImageDataGenerator(
        rotation_range=1, width_shift_range=1, height_shift_range=1, shear_range=1, zoom_range=(0.5, 1.5),
        channel_shift_range=1 if case["channel_shift"] is not None else 0,
        horizontal_flip=True, vertical_flip=True, fill_mode=case["fill_mode"], cval=case["cval"],
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
    """Transforms that show each parameter alone, all together, and far outside the picture."""
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
                        continue  # It had none.
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
    """Moments of what listing 5.11's generator draws, in fractions of the picture for shifts."""
    size, ranges = (150, 100, 3), dict(rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2,
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


# Training


def spread(count: int, salt: int) -> np.ndarray:
    """`count` numbers in [0, 1), the same in the tests: Knuth's multiplicative hash of 32 bits."""
    k = np.arange(count, dtype=np.uint64) + np.uint64(salt) * np.uint64(7919)
    h = (k * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(13)
    return (h.astype(np.float64) / 2.0**32).astype(np.float32)


def listing() -> keras.Sequential:
    stages = []
    for filters in (32, 64, 128, 128):
        stages += [layers.Conv2D(filters, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2))]
    return keras.Sequential(
        [layers.Input((150, 150, 3)), *stages, layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )


def set_starting_weights(model: keras.Sequential) -> None:
    """Glorot's limits, with numbers from `spread`; biases small and not zero, so that they count."""
    for salt, variable in enumerate(model.trainable_variables):
        shape = tuple(variable.shape)
        if len(shape) == 1:
            limit = 0.01
        else:
            receptive = int(np.prod(shape[:-2]))
            limit = np.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))
        values = (spread(int(np.prod(shape)), salt + 1) * 2 - 1) * np.float32(limit)
        variable.assign(values.reshape(shape))


def starting_batch(count: int = 4) -> tuple:
    """Bars and blobs with noise, as u8 pixels over 255, and alternating labels."""
    n, y, x, c = np.meshgrid(np.arange(count), np.arange(150), np.arange(150), np.arange(3), indexing="ij")
    noise = (spread(count * 150 * 150 * 3, 99) * 64).astype(np.int64).reshape(n.shape)
    pixels = ((x * (n + 1) + y * (c + 1) * (2 - n % 2)) % 192 + noise).astype(np.uint8)
    return pixels.astype(np.float32) * np.float32(1 / 255), (np.arange(count) % 2).astype(np.float32)


SAMPLES = 1024
# A hundredth of the book's. RMSprop's first steps move every weight by about three learning rates,
# however small its gradient. At 1e-5, starting weights that differ by 1e-7 of themselves lead Keras
# itself to weights that differ by 2e-3 after 20 steps; at 1e-6 two frameworks can be compared.
LEARNING_RATE = 1e-6


def sample(array) -> np.ndarray:
    """At most SAMPLES values at even distances, and the whole array's root mean square last."""
    flat = np.asarray(array, dtype=np.float32).reshape(-1)
    step = max(1, flat.size // SAMPLES)
    return np.append(flat[::step][:SAMPLES], np.float32(np.sqrt(np.mean(flat.astype(np.float64) ** 2))))


def names(model: keras.Sequential) -> list:
    """petite's names: conv2d_1.weight, conv2d_1.bias, …"""
    found, numbers = [], {}
    for layer in model.layers:
        kind = {"Conv2D": "conv2d", "Dense": "dense"}.get(type(layer).__name__)
        if kind:
            numbers[kind] = numbers.get(kind, 0) + 1
            found += [f"{kind}_{numbers[kind]}.weight", f"{kind}_{numbers[kind]}.bias"]
    return found


def old_rmsprop(epsilon: float):
    """Keras 2's RMSprop.get_updates, its two lines on arrays (ρ 0.9)."""
    means = {}

    def update(variables, gradients):
        for variable, g in zip(variables, gradients):
            g = np.asarray(g, dtype=np.float32)
            a = means.get(id(variable), np.zeros_like(g))
            a = means[id(variable)] = np.float32(0.9) * a + np.float32(1 - 0.9) * np.square(g)
            variable.assign(np.asarray(variable) - np.float32(LEARNING_RATE) * g / (np.sqrt(a) + np.float32(epsilon)))

    return update


def new_rmsprop():
    optimizer = keras.optimizers.RMSprop(learning_rate=LEARNING_RATE)
    return lambda variables, gradients: optimizer.apply(gradients, variables)


def write_training() -> None:
    import tensorflow as tf

    images, labels = starting_batch()
    model = listing()
    tensors = {}

    def loss_and_gradients():
        with tf.GradientTape() as tape:
            probabilities = model(images, training=True)[:, 0]
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(labels[:, None], probabilities[:, None]))
        return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])

    set_starting_weights(model)
    values = images
    for number, layer in enumerate(model.layers):
        values = layer(values)
        tensors[f"forward.{number}"] = sample(values)
    loss, gradients = loss_and_gradients()
    tensors["loss"] = np.array([loss], np.float32)
    for name, gradient in zip(names(model), gradients):
        tensors[f"gradient.{name}"] = sample(gradient)
    for profile, update in (("2.0.8", old_rmsprop(1e-8)), ("2.2", old_rmsprop(1e-7)), ("3", new_rmsprop())):
        set_starting_weights(model)
        for step in range(1, 21):
            _, gradients = loss_and_gradients()
            update(model.trainable_variables, gradients)
            if step in (1, 5, 20):
                for name, variable in zip(names(model), model.trainable_variables):
                    tensors[f"{profile}.step{step}.{name}"] = sample(variable)
    save_file(tensors, GOLDEN / "training.safetensors")


def write_initial_weights(seeds: int = 20) -> None:
    """Largest magnitude, mean and deviation of every kernel of the listing over `seeds` seeds."""
    gathered = {}
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = listing()
        for name, variable in zip(names(model), model.trainable_variables):
            gathered.setdefault(name, []).append(np.asarray(variable, dtype=np.float64).reshape(-1))
    report = {}
    for name, arrays in gathered.items():
        values = np.concatenate(arrays)
        report[name] = {"count": values.size, "limit": np.abs(values).max(), "mean": values.mean(), "deviation": values.std(),
                        "fourth_moment": np.mean(values**4)}  # fmt: skip
    write_json("initial_weights.json", {"seeds": seeds, "weights": report})


def write_json(name: str, value) -> None:
    (GOLDEN / name).write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    old_code = old_image_code()
    write_augmentation(*old_code)
    write_draws(*old_code)
    write_initial_weights()
    write_training()
