#!/usr/bin/env python3
"""Exports a run as a Keras model, with its preprocessing inside. petite export RUN --to model.keras runs this.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/keras_export.py runs/baseline --to model.keras

The model takes pixels of 0..255, [N, height, width, channels], resized as the run did, and gives a probability for
each class, also for the two of one sigmoid unit. FILE.json beside it has the class names and the size. keras.saving.
load_model(FILE) loads it without petite's scripts; every backend of Keras 3 can run it.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

try:
    from safetensors import safe_open

    import keras_model
    from keras_model import keras, load_file, petite, stop
except ModuleNotFoundError as error:
    packages = "tensorflow-cpu safetensors"
    sys.exit(f"error: expected the package {error.name}, found none; try {sys.executable} -m pip install {packages}")


def exported(run: dict, tensors: dict, normalization: dict, logits: bool) -> keras.Model:
    """The network of a run with this config.json and these weights, from pixels to probabilities."""
    network = keras_model.of_run(run)
    keras_model.set_weights(network, tensors)
    if logits:
        network.layers[-1].activation = keras.activations.linear
    inputs = keras.Input(network.input_shape[1:], name="images")
    x = inputs
    if normalization["reverse_channels"]:
        x = keras.ops.flip(x, axis=-1)
    pairs = list(zip(normalization["mean"], normalization["deviation"], strict=True))
    scale, offset = [1 / deviation for _, deviation in pairs], [-mean / deviation for mean, deviation in pairs]
    x = network(keras.layers.Rescaling(scale, offset)(x))
    if not logits and network.output_shape[-1] == 1:
        x = keras.layers.Concatenate()([1.0 - x, x])
    return keras.Model(inputs, x, name=run["train"]["model"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "--to", type=pathlib.Path, required=True, metavar="FILE", help="model.keras; one that is there is replaced"
    )
    parser.add_argument(
        "--weights", choices=("last", "best"), default="last", help="which of the run's weights [default: last]"
    )
    parser.add_argument("--logits", action="store_true", help="give the scores before the sigmoid or softmax")
    keras_model.add_petite(parser)
    args = parser.parse_args()

    if not (args.run / "config.json").is_file():
        stop(f"expected a run with a config.json at {args.run}, found none; try the --out of petite train")
    if not args.to.parent.is_dir():
        stop(f"expected a folder {args.to.parent}, found none; try to create it")
    run = json.loads((args.run / "config.json").read_text())
    with tempfile.TemporaryDirectory(dir=args.to.parent, prefix=".petite-") as temporary:
        weights, written = pathlib.Path(temporary) / "weights.safetensors", pathlib.Path(temporary) / "model.keras"
        petite(args.petite, "export", args.run, "--to", weights, "--weights", args.weights)
        with safe_open(weights, "numpy") as file:
            description = {name: parsed(text) for name, text in file.metadata().items() if name != "checksum"}
        description |= {"is_normalization_inside": True, "output": "logits" if args.logits else "probabilities"}
        model = exported(run, load_file(weights), description["normalization"], args.logits)
        model.save(written)
        beside = args.to.with_name(f"{args.to.name}.json")
        os.replace(written, args.to)
        beside.write_text(json.dumps(description, indent=2))
    classes = ", ".join(description["classes"])
    print(f"{args.to}: {description['model']} of {args.run}")
    print(f"input       images: pixels in 0..=255, {shape(model.input_shape)}")
    print(f"output      {description['output']} {shape(model.output_shape)} of {classes}")
    print(f"described   in {beside}")


def parsed(text: str) -> object:
    """A value of the metadata: JSON, or text as it is."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def shape(sizes: tuple[int | None, ...]) -> str:
    return f"[{', '.join(str(size or 'N') for size in sizes)}]"


if __name__ == "__main__":
    main()
