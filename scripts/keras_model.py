"""petite's networks in Keras: layers, conversion of weights, comparison of probabilities.

Used by keras_check.py, keras_export.py and keras_import.py.
"""

import argparse
import functools
import json
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import applications, layers
from safetensors.numpy import load_file

import keras_bases

# Color channels of each network's input.
CHANNELS = {"convnet": 3, "mnist": 1}
BASES = {
    "vgg16": applications.VGG16,
    "mobilenet": applications.MobileNet,
    "squeezenet": keras_bases.squeezenet,
    **{model: functools.partial(keras_bases.resnet, model) for model in keras_bases.RESNETS},
}
# The function from RGB in 0..=255 to the input of each base's published weights.
PUBLISHED = {
    "vgg16": applications.vgg16.preprocess_input,
    "mobilenet": applications.mobilenet.preprocess_input,
    "squeezenet": keras_bases.squeezenet_input,
    **dict.fromkeys(keras_bases.RESNETS, keras_bases.resnet_input),
}
# petite's names of the parts of a layer.
PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
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


def of_run(record: dict) -> keras.Model:
    """The network of a run with this config.json, built; a run on a base takes preprocessed pictures."""
    train = record["train"]
    if train["model"] in BASES:
        return on_base(train, len(record["classes"]))
    if train["model"] not in CHANNELS:
        stop(f"expected a run of {', '.join([*CHANNELS, *BASES])}, found {train['model']}")
    # Runs of petite 0.1.0 have these settings beside the model's name.
    scratch = train.get("network", {}).get("scratch", train)
    shape = (*train["image_size"], CHANNELS[train["model"]])
    made = network(train["model"], scratch["downsample"], len(record["classes"]), train.get("dropout"))
    return keras.Sequential([layers.Input(shape), *made])


def on_base(train: dict, classes: int) -> keras.Model:
    """The base, as far as the run uses it, and a head."""
    settings = train["network"]["on-base"]
    options = {"include_top": False, "weights": None} if train["model"] in ("vgg16", "mobilenet") else {}
    if train["model"] == "mobilenet":
        options["alpha"] = settings["alpha"]
    made = BASES[train["model"]](input_shape=(*train["image_size"], 3), **options)
    last = settings["through"] and settings["through"].replace(".", "_")
    if last:
        # A convolution's output is that of its activation, a layer of its own in MobileNet.
        named = {layer.name: layer for layer in made.layers}
        made = keras.Model(made.inputs, named.get(f"{last}_relu", named[last]).output)
    pooling = layers.Flatten() if settings["pooling"] == "flatten" else layers.GlobalAveragePooling2D()
    head = [pooling]
    if settings["units"]:
        head.append(layers.Dense(settings["units"], activation="relu", name="dense_1"))
    name = "dense_2" if settings["units"] else "dense_1"
    activation, units = ("sigmoid", 1) if classes == 2 else ("softmax", classes)
    head.append(layers.Dense(units, activation=activation, name=name))
    x = made.output
    for layer in head:
        x = layer(x)
    return keras.Model(made.inputs, x)


def preprocessing(record: dict):
    """The function from pixels in 0..=255, f32, to the input of the run's network."""
    train = record["train"]
    on_base = train.get("network", {}).get("on-base", {})
    if on_base.get("preprocess") == "published":
        return PUBLISHED[train["model"]]
    return scaled(1 / 255)


def scaled(scale: float):
    """The function that multiplies by `scale`."""
    return lambda images: images * np.float32(scale)


def variables(model: keras.Model) -> list[tuple[str, keras.Variable, tuple[int, ...] | None]]:
    """The variables of a model: petite's name, the variable, and the order of petite's axes in Keras's shape.

    A Sequential's layers have petite's names by their number, conv2d_1, ..., dense_2; others their own.
    """
    found, numbers = [], {}
    for layer in model.layers:
        kind = type(layer).__name__
        if isinstance(model, keras.Sequential):
            base = {"Conv2D": "conv2d", "Dense": "dense"}.get(kind)
            numbers[base] = numbers.get(base, 0) + 1
            name = f"{base}_{numbers[base]}"
        else:
            name = layer.name
        for variable in layer.weights:
            order = None
            if len(variable.shape) == 4:
                order = (2, 3, 0, 1) if kind == "DepthwiseConv2D" else (3, 2, 0, 1)
            elif len(variable.shape) == 2:
                order = (1, 0)
            found.append((f"{name}.{PARTS[variable.name]}", variable, order))
    return found


def to_petite(model: keras.Model) -> dict[str, np.ndarray]:
    """A model's weights under petite's names and in its layout.

    Convolutions are [H, W, I, O] in Keras and [O, I, H, W] in petite; dense kernels are transposed. Both
    flatten over height, width, channels, so the rows after Flatten keep their order.
    """
    return {
        name: np.ascontiguousarray(np.asarray(variable.numpy()).transpose(order) if order else variable.numpy())
        for name, variable, order in variables(model)
    }


def set_weights(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Sets a model's weights: the inverse of `to_petite`. The dots in a layer's name are _ in Keras."""
    parts = {name: name.rpartition(".") for name in tensors}
    tensors = {f"{layer.replace('.', '_')}.{part}": tensors[name] for name, (layer, _, part) in parts.items()}
    expected = variables(model)
    if {name for name, _, _ in expected} != set(tensors):
        stop(f"expected the weights {sorted(name for name, _, _ in expected)}, found {sorted(tensors)}")
    for name, variable, order in expected:
        variable.assign(tensors[name].transpose(np.argsort(order)) if order else tensors[name])


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
    model: keras.Model,
    prepare,
    run: pathlib.Path,
    args: argparse.Namespace,
    folder: pathlib.Path,
    weights: str = "last",
) -> bool:
    """Predicts `args.split` of `args.data` with `model` and with petite's `run`, both from the pixels that petite
    decodes; `prepare` turns these into `model`'s input. Prints both results and returns whether they agree. `folder`
    is a temporary folder.
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
        [np.asarray(model.predict_on_batch(prepare(batch.astype(np.float32)))) for batch in batches]
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
