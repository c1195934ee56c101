#!/usr/bin/env python3
"""Converts a Keras weights file to .safetensors, for petite's pretrained bases.

    python3 -m venv /tmp/h5 && /tmp/h5/bin/pip install -r scripts/requirements/weights.txt
    /tmp/h5/bin/python scripts/keras_weights.py vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 vgg16.safetensors
    petite summary --model vgg16 --weights vgg16.safetensors

Reads weights (.h5 of Keras 1 and 2, .weights.h5 of Keras 3) and whole models (.h5, .keras). It needs neither Keras nor
TensorFlow: no model is built, and code in the file is ignored. Tensors keep Keras's layouts under the names
LAYER/VARIABLE, such as block1_conv1/kernel; petite permutes them.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import zipfile

import h5py
import numpy as np
from safetensors.numpy import save_file

# The variables of a base's layers, in the order in which Keras 3 numbers them.
CONVOLUTION = ("kernel", "bias")
NORMALIZATION = ("gamma", "beta", "moving_mean", "moving_variance")


def stop(message: str) -> None:
    sys.exit(f"error: {message}")


def text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def variable_name(stored: str, array: np.ndarray, index: int, count: int) -> str:
    """kernel, bias, gamma, … for a stored name. Keras 1's names, `conv1_b` or `uniform1`, need the index too."""
    name = stored.removesuffix(":0").split("/")[-1]
    if name in (*CONVOLUTION, *NORMALIZATION, "depthwise_kernel"):
        return name
    # A convolution or dense layer, in the order kernel, bias.
    if (count <= 2 and array.ndim == (4 if index == 0 else 1)) or (count == 2 and index == 0 and array.ndim == 2):
        return CONVOLUTION[index]
    stop(f"expected a kernel, a bias or variables of a batch normalization, found {stored} {array.shape}")


def of_keras_2(group: h5py.Group) -> dict:
    """Reads groups named after layers, with the variables' names in an attribute."""
    tensors = {}
    for layer in map(text, group.attrs["layer_names"]):
        stored = [text(name) for name in group[layer].attrs["weight_names"]]
        for index, name in enumerate(stored):
            array = np.asarray(group[layer][name])
            tensors[f"{layer}/{variable_name(name, array, index, len(stored))}"] = array
    return tensors


def of_keras_3(group: h5py.Group) -> dict:
    """Reads groups named after classes, with the layer's name in an attribute and numbered variables."""
    tensors = {}

    def visit(path: str, found) -> None:
        if not isinstance(found, h5py.Group) or path.split("/")[-1] != "vars" or not len(found):
            return
        layer = text(found.attrs.get("name", path.split("/")[-2]))
        # The optimizer's state and the seeds of Dropout are not weights.
        if path.split("/")[0] == "optimizer" or "seed_generator" in path:
            return
        names = NORMALIZATION if len(found) == 4 else CONVOLUTION
        if len(found) > len(names):
            stop(f"expected a convolution or a batch normalization, found {len(found)} variables in {layer}")
        for number, name in zip(sorted(found, key=int), names):
            tensors[f"{layer}/{name}"] = np.asarray(found[number])

    group.visititems(visit)
    return tensors


def read(path: pathlib.Path) -> dict:
    if not path.is_file():
        stop(f"expected Keras's weights at {path}, found no file")
    try:
        if zipfile.is_zipfile(path):
            with (
                zipfile.ZipFile(path) as archive,
                archive.open("model.weights.h5") as inside,
                h5py.File(inside, "r") as file,
            ):
                return of_keras_3(file)
        with h5py.File(path, "r") as file:
            group = file.get("model_weights", file)
            return of_keras_2(group) if "layer_names" in group.attrs else of_keras_3(group)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        stop(f"expected an intact file of Keras's weights at {path}, found: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=pathlib.Path, metavar="IN", help="Keras weights or model, .h5 or .keras")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="file to write, .safetensors")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    args = parser.parse_args()
    if args.out.suffix != ".safetensors":
        stop(f"expected OUT in .safetensors, found {args.out}")
    if args.out.exists() and not args.force:
        stop(f"expected no file at {args.out}, found one; try --force to replace it, or another name")
    tensors = read(args.weights)
    if not tensors:
        stop(f"expected weights in {args.weights}, found none")
    # Written under a temporary name, so that OUT is complete or absent.
    descriptor, temporary = tempfile.mkstemp(dir=args.out.parent, suffix=".safetensors")
    os.close(descriptor)
    try:
        save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, args.out)
    except BaseException:
        os.unlink(temporary)
        raise
    values = sum(array.size for array in tensors.values())
    print(f"{args.out}: {len(tensors)} tensors, {values:,} values, from {args.weights}")


if __name__ == "__main__":
    main()
