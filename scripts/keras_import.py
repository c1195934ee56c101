#!/usr/bin/env python3
"""Imports a network trained in Keras as a run that petite can evaluate, predict with and train further.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/keras_import.py cats_and_dogs_small_1.h5 --out runs/keras --data data/dogs-vs-cats

MODEL is a whole Sequential model, .keras or the older .h5, with the layers of petite's convnet (listing 5.5) or mnist
(5.1 and 5.2) at any picture size, with max pooling, average pooling, strides or none of these. A Rescaling(1/255) may
come first. A Dropout after Flatten is kept for further training; any other is dropped, because it does nothing in
prediction. With --data, both then predict the split, and the exit code is 1 if two probabilities differ by more than
1e-4 or the accuracies differ. For the weights of a pretrained base, use keras_weights.py instead.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import zipfile

import h5py
from safetensors.numpy import save_file

import keras_model
from keras_model import CHANNELS, DOWNSAMPLES, keras, petite, stop

# The settings that a layer's output depends on, besides its weights.
SETTINGS = {
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups",
               "activation", "use_bias", "dtype"),
    "MaxPooling2D": ("pool_size", "strides", "padding", "data_format", "dtype"),
    "AveragePooling2D": ("pool_size", "strides", "padding", "data_format", "dtype"),
    "Flatten": ("data_format", "dtype"),
    "Dense": ("units", "activation", "use_bias", "dtype"),
}  # fmt: skip
# Layers that do nothing in prediction, or are checked separately.
ASIDE = ("InputLayer", "Dropout", "Rescaling")


def stored_layers(config: dict) -> list[dict]:
    """The layers of an architecture; Keras before 2.2.3 stored nothing else of a Sequential."""
    stored = config["config"]
    return stored["layers"] if isinstance(stored, dict) else stored


def stored_config(path: pathlib.Path) -> dict:
    """The architecture in a file, as JSON: checked before Keras builds anything from it."""
    if not path.is_file():
        stop(f"expected a Keras model at {path}, found no file")
    if path.suffix == ".keras":
        if not zipfile.is_zipfile(path):
            stop(f"expected a model saved by Keras 3 in {path}, found another format or a damaged file")
        with zipfile.ZipFile(path) as archive:
            if "config.json" not in archive.namelist():
                stop(f"expected a model saved by Keras 3 in {path}, found no config.json in it")
            text = archive.read("config.json")
    elif path.suffix in (".h5", ".hdf5"):
        if not h5py.is_hdf5(path):
            stop(f"expected a model saved by Keras in {path}, found another format or a damaged file")
        try:
            with h5py.File(path, "r") as file:
                text = file.attrs.get("model_config")
        except OSError as error:
            stop(f"expected an intact HDF5 file at {path}, found: {error}")
        if text is None:
            stop(
                f"expected a whole model in {path}, found only weights; try model.save() instead of save_weights(), "
                "or scripts/keras_weights.py for a pretrained base"
            )
    else:
        stop(f"expected a model in .keras or .h5, found {path}; try model.save('model.keras')")
    try:
        config = json.loads(text)
        for layer in stored_layers(config):
            layer["class_name"], layer["config"].get("name")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        stop(f"expected the architecture of a model in {path}, found {type(error).__name__}: {error}")
    return config


def check_classes(path: pathlib.Path, config: dict) -> None:
    """Refuses layers with code of their own and layers that petite does not have."""
    if config.get("class_name") != "Sequential":
        stop(
            f"expected a Sequential model in {path}, found {config.get('class_name')}; "
            "try keras.Sequential(model.layers)"
        )
    for layer in stored_layers(config):
        name = layer["class_name"]
        if name not in (*SETTINGS, *ASIDE) or layer.get("registered_name") not in (None, name):
            stop(
                f"expected only {', '.join((*SETTINGS, *ASIDE))}, found {name}; "
                "custom and Lambda layers cannot be imported"
            )


def signature(layer: keras.layers.Layer) -> dict:
    """A layer's class and settings: equal for layers that compute the same from the same weights."""
    config = layer.get_config()
    settings = {name: config.get(name) for name in SETTINGS[type(layer).__name__]}
    # The compute dtype, not the policy, which may differ where the arithmetic does not.
    return {"layer": type(layer).__name__, **settings, "dtype": layer.compute_dtype}


def difference(expected: dict, found: dict) -> tuple[str, str]:
    """The difference between two signatures in words: expected, found."""
    if expected.get("layer") != found.get("layer"):
        return expected.get("layer", "no further layer"), found.get("layer", "none")
    names = [name for name in expected if expected[name] != found[name]]
    words = [", ".join(f"{name} {each[name]}" for name in names) for each in (expected, found)]
    return f"{expected['layer']} with {words[0]}", words[1]


def recognize(model: keras.Sequential) -> tuple[str, str, int]:
    """Which of petite's networks `model` is: name, downsampling, number of classes."""
    found = [signature(layer) for layer in model.layers if type(layer).__name__ not in ASIDE]
    units = getattr(model.layers[-1], "units", 0)
    classes = 2 if units == 1 else units
    agreed, want, have = -1, "", ""
    for name in CHANNELS:
        for downsample in DOWNSAMPLES:
            expected = [signature(layer) for layer in keras_model.network(name, downsample, classes)]
            if found == expected:
                # petite uses one sigmoid unit for two classes.
                if units == 2:
                    stop("expected one sigmoid unit for two classes, found a softmax of two")
                return name, downsample, classes
            pairs = zip([*expected, {}], [*found, {}])
            index, pair = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
            if index > agreed:
                agreed, (want, have) = index, difference(*pair)
                want += f" as layer {index + 1} of {name} ({downsample})"
    stop(f"expected one of petite's networks (petite summary shows them), such as {want}, found {have}")


def modernize(config: dict) -> bool:
    """Converts a Keras 2 architecture, as in the book, in place for Keras 3; returns whether that was needed."""
    stored = stored_layers(config)
    shape = stored[0]["config"].pop("batch_input_shape", None) if stored else None
    if shape:
        if stored[0]["class_name"] == "InputLayer":
            stored[0]["config"]["batch_shape"] = shape
        else:
            # Keras 2 stored the picture size in the first layer.
            stored.insert(0, {"class_name": "InputLayer", "config": {"batch_shape": shape, "name": "pictures"}})
    as_list = isinstance(config["config"], list)
    if as_list:
        config["config"] = {"name": "sequential", "layers": stored}
    return bool(shape) or as_list


def load(path: pathlib.Path, folder: pathlib.Path) -> keras.Sequential:
    """Loads the model in `path`. `folder` is a temporary folder."""
    config = stored_config(path)
    check_classes(path, config)
    readable = path
    if path.suffix != ".keras" and modernize(config):
        readable = folder / path.name
        shutil.copyfile(path, readable)
        with h5py.File(readable, "r+") as file:
            file.attrs["model_config"] = json.dumps(config)
    try:
        model = keras.saving.load_model(readable, compile=False, safe_mode=True)
    except Exception as error:  # Keras lets any exception of its readers through.
        reason = str(error).strip().splitlines()[0]
        stop(f"expected a model that Keras {keras.__version__} loads in {path}, found: {reason}")
    if not model.built or len(model.input_shape) != 4 or None in model.input_shape[1:]:
        shape = getattr(model, "input_shape", None)
        stop(f"expected a model for pictures of one size in {path}, found the input {shape}")
    return model


def pixel_scale(model: keras.Sequential) -> float:
    """The factor for pixels of 0..255 in front of the model: petite's networks see 0..1."""
    rescaling = [(i, layer) for i, layer in enumerate(model.layers) if type(layer).__name__ == "Rescaling"]
    if not rescaling:
        return 1 / 255
    (index, layer), *more = rescaling
    if index != 0 or more or layer.offset != 0 or abs(layer.scale * 255 - 1) > 1e-6:
        stop(
            "expected at most a Rescaling(1/255) as the first layer, "
            f"found scale {layer.scale}, offset {layer.offset} as layer {index + 1}"
        )
    return 1.0


def bring(args: argparse.Namespace, folder: pathlib.Path) -> bool:
    """Creates the run; returns whether it predicts like the model. `folder` is a temporary folder."""
    model = load(args.model, folder)
    name, downsample, classes = recognize(model)
    scale = pixel_scale(model)
    height, width, channels = model.input_shape[1:]
    if channels != CHANNELS[name]:
        stop(f"expected pictures of {CHANNELS[name]} channels for {name}, found {channels}")
    if args.classes and len(args.classes) != classes:
        stop(f"expected {classes} --classes, as in the model, found {len(args.classes)}")
    if any("," in each for each in args.classes or ()):
        stop("expected --classes without commas")

    # Named after the model: the run's config.json records this file name.
    weights = folder / f"{args.model.name}.safetensors"
    save_file(keras_model.to_petite(model), weights)
    data = ["--data", args.data] if args.data else []
    names = ["--classes", ",".join(args.classes)] if args.classes else []
    flags = ["--model", name, "--downsample", downsample, "--image-size", f"{height}x{width}", "--out", args.out]
    kinds = [type(layer).__name__ for layer in model.layers]
    after_flatten = model.layers[kinds.index("Flatten") + 1] if "Flatten" in kinds else None
    if type(after_flatten).__name__ == "Dropout":
        flags += ["--dropout", str(after_flatten.rate)]
    print(petite(args.petite, "import", weights, *flags, *data, *names), end="")
    return keras_model.compare(model, keras_model.scaled(scale), args.out, args, folder) if args.data else True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, metavar="MODEL", help="model.keras or model.h5")
    parser.add_argument(
        "--out", type=pathlib.Path, required=True, metavar="RUN", help="run folder; must be new or empty"
    )
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR", help="data set to compare on, stored in the run")
    parser.add_argument("--split", default="test", help="split to compare on [default: test]")
    parser.add_argument(
        "--classes", nargs="+", metavar="NAME", help="class names in label order [default: the folders in DIR/train]"
    )
    keras_model.add_petite(parser)
    args = parser.parse_args()
    if not args.data and not args.classes:
        parser.error("expected --data or --classes: the model does not store class names")

    with tempfile.TemporaryDirectory() as temporary:
        same = bring(args, pathlib.Path(temporary))
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
