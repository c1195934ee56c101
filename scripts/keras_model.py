"""petite's networks in Keras: layers, conversion of weights, comparison of probabilities.

Used by keras_check.py and keras_import.py.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers
from safetensors.numpy import load_file

# Color channels of each network's input.
CHANNELS = {"convnet": 3, "mnist": 1}
DOWNSAMPLES = ("max-pool", "average-pool", "stride", "none")
TOLERANCE = 1e-4


def stop(message: str) -> None:
    sys.exit(f"error: {message}")


def stage(filters: int, downsample: str) -> list[layers.Layer]:
    strides = 2 if downsample == "stride" else 1
    pooling = {"max-pool": layers.MaxPooling2D, "average-pool": layers.AveragePooling2D}
    conv = layers.Conv2D(filters, 3, strides=strides, activation="relu")
    return [conv, pooling[downsample](2)] if downsample in pooling else [conv]


def network(model: str, downsample: str, classes: int, dropout: float | None = None) -> list[layers.Layer]:
    """The layers of listing 5.5 (convnet) or of 5.1 and 5.2 (mnist), not built yet."""
    if model == "convnet":
        body, units = [stage(filters, downsample) for filters in (32, 64, 128, 128)], 512
    else:
        body, units = [*(stage(filters, downsample) for filters in (32, 64)), stage(64, "none")], 64
    last = layers.Dense(1, activation="sigmoid") if classes == 2 else layers.Dense(classes, activation="softmax")
    return [
        *(layer for each in body for layer in each),
        layers.Flatten(),
        *([layers.Dropout(dropout)] if dropout else []),
        layers.Dense(units, activation="relu"),
        last,
    ]


def of_run(record: dict) -> keras.Sequential:
    """The network of a run with this config.json, built."""
    train = record["train"]
    if train["model"] not in CHANNELS:
        stop(f"expected a run of {' or '.join(CHANNELS)}, found {train['model']}")
    # Runs of petite 0.1.0 have these settings beside the model's name.
    scratch = train.get("network", {}).get("scratch", train)
    shape = (*train["image_size"], CHANNELS[train["model"]])
    made = network(train["model"], scratch["downsample"], len(record["classes"]), train.get("dropout"))
    return keras.Sequential([layers.Input(shape), *made])


def weighted(model: keras.Sequential) -> list[tuple[str, layers.Layer]]:
    """The layers with weights, under petite's names: conv2d_1, ..., dense_2."""
    named, numbers = [], {}
    for layer in model.layers:
        base = {"Conv2D": "conv2d", "Dense": "dense"}.get(type(layer).__name__)
        if base:
            numbers[base] = numbers.get(base, 0) + 1
            named.append((f"{base}_{numbers[base]}", layer))
    return named


def to_petite(model: keras.Sequential) -> dict[str, np.ndarray]:
    """A model's weights under petite's names and in its layout.

    Convolutions are [H, W, I, O] in Keras and [O, I, H, W] in petite; dense kernels are transposed. Both
    flatten over height, width, channels, so the rows after Flatten keep their order.
    """
    tensors = {}
    for name, layer in weighted(model):
        kernel, bias = layer.get_weights()
        tensors[f"{name}.weight"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T)
        tensors[f"{name}.bias"] = bias
    return tensors


def set_weights(model: keras.Sequential, tensors: dict[str, np.ndarray]) -> None:
    """Sets a model's weights: the inverse of `to_petite`."""
    expected = {f"{name}.{part}" for name, _ in weighted(model) for part in ("weight", "bias")}
    if expected != set(tensors):
        stop(f"expected the weights {sorted(expected)}, found {sorted(tensors)}")
    for name, layer in weighted(model):
        kernel = tensors[f"{name}.weight"]
        layer.set_weights([kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T, tensors[f"{name}.bias"]])


def add_petite(parser: argparse.ArgumentParser) -> None:
    default = pathlib.Path(__file__).resolve().parent.parent / "target" / "debug" / "petite"
    parser.add_argument(
        "--petite", type=pathlib.Path, default=default, metavar="PATH", help="the binary [default: this checkout's]"
    )


def petite(binary: pathlib.Path, *arguments: object) -> str:
    """Runs petite and returns what it printed."""
    if not binary.is_file():
        stop(f"expected petite at {binary}, found nothing; try cargo build, or --petite PATH")
    done = subprocess.run([binary, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        # petite has printed the reason.
        sys.exit(done.returncode)
    return done.stdout


def compare(
    model: keras.Sequential,
    run: pathlib.Path,
    args: argparse.Namespace,
    folder: pathlib.Path,
    weights: str = "last",
    scale: float = 1 / 255,
) -> bool:
    """Predicts `args.split` of `args.data` with `model` and with petite's `run`, both from the pixels that petite
    decodes, multiplied by `scale` for `model`. Prints both results and returns whether they agree. `folder` is a
    temporary folder.
    """
    exported = folder / "predictions.safetensors"
    data = ["--data", args.data] if args.data else []
    chosen = ["--run", run, "--split", args.split, *data, "--weights", weights]
    told = petite(args.petite, "evaluate", *chosen, "--export", exported, "--json", "--precision", "fp32")
    here = json.loads(told)
    tensors = load_file(exported)
    images, labels, ours = (tensors[name] for name in ("images", "labels", "probabilities"))

    batches = [images[start : start + 50] for start in range(0, len(images), 50)]
    theirs = np.concatenate(
        [np.asarray(model.predict_on_batch(batch.astype(np.float32) * np.float32(scale))) for batch in batches]
    )
    if ours.ndim == 1:
        theirs = theirs[:, 0]
        loss = keras.losses.binary_crossentropy(labels.astype(np.float32)[:, None], theirs[:, None])
        is_correct = (theirs > 0.5) == labels
    else:
        loss = keras.losses.sparse_categorical_crossentropy(labels, theirs)
        is_correct = theirs.argmax(axis=1) == labels
    loss, accuracy = float(np.mean(np.asarray(loss, np.float64))), float(np.mean(is_correct))
    differences = np.abs(ours.astype(np.float64) - theirs)

    print(f"pictures                {len(images)}, of {args.split}")
    print(f"probabilities           {ours.size}")
    print(f"largest difference      {differences.max():.3g}")
    print(f"mean difference         {differences.mean():.3g}")
    print(f"accuracy                petite {here['acc']:.6f}   Keras {accuracy:.6f}")
    # Keras's loss is from rounded probabilities, petite's from logits: they differ where p is near 0 or 1.
    print(f"loss                    petite {here['loss']:.6f}   Keras {loss:.6f}")
    # NaN fails this comparison.
    close = bool(differences.max() <= TOLERANCE)
    equal = round(here["acc"] * len(images)) == int(is_correct.sum())
    if not close:
        print(f"expected a largest difference of at most {TOLERANCE}")
    if not equal:
        print("expected the same accuracy")
    return close and equal
