#!/usr/bin/env python3
"""Writes tests/golden/bases: what Keras and torchvision make of drawn pictures with the weights of petite's bases.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu==2.21.0 safetensors==0.8.0
    /tmp/keras/bin/python scripts/bases_reference.py keras
    /tmp/keras/bin/python scripts/bases_reference.py keras --published WEIGHTS
    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy safetensors==0.8.0
    /tmp/torch/bin/python scripts/bases_reference.py torchvision

Weights are numbers that the tests draw in the same way, so that none are stored; with --published they are those of
squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5 and of a MobileNet in Keras's names and layouts,
mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors, both in the folder WEIGHTS. Only needed to make the files
again; the tests read what is committed.
"""

import argparse
import importlib
import os
import pathlib

import numpy as np
from safetensors.numpy import load_file

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "bases"
SAMPLES = 127
SIZES = ((96, 96), (75, 101))


def spread(count: int, salt: int) -> np.ndarray:
    """As in keras_reference.py: `count` numbers in [0, 1), the same in the tests."""
    k = np.arange(count, dtype=np.uint64) + np.uint64(salt) * np.uint64(7919)
    h = (k * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(13)
    return (h.astype(np.float64) / 2.0**32).astype(np.float32)


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


def pictures(height: int, width: int, count: int = 2) -> np.ndarray:
    """Bars and blobs with noise, [N, H, W, 3] u8."""
    n, y, x, c = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    noise = (spread(n.size, 99) * 64).astype(np.int64).reshape(n.shape)
    return ((x * (n + 1) + y * (c + 1) * (2 - n % 2)) % 192 + noise).astype(np.uint8)


def sample(array) -> np.ndarray:
    """SAMPLES values, an odd number of places apart, and the whole array's root mean square last."""
    flat = np.asarray(array, dtype=np.float32).reshape(-1)
    places = (np.arange(SAMPLES) * ((flat.size // SAMPLES) | 1)) % flat.size
    return np.append(flat[places], np.float32(np.sqrt(np.mean(flat.astype(np.float64) ** 2))))


def save(tensors: dict, name: str, framework: str = "numpy") -> None:
    path = GOLDEN / f"{name}.safetensors"
    importlib.import_module(f"safetensors.{framework}").save_file(tensors, path)
    path.chmod(0o644)


# --- Keras -----------------------------------------------------------------------------------------------------------


def squeezenet(shape: tuple):
    """SqueezeNet v1.1 without its classifier, after its authors' train_val.prototxt, with poolings that round down."""
    from keras import Input, Model, layers

    def fire(x, number: int, squeezed: int):
        conv = lambda x, part, filters, size: layers.Conv2D(  # noqa: E731
            filters, size, padding="same", activation="relu", name=f"fire{number}.{part}"
        )(x)
        x = conv(x, "squeeze1x1", squeezed, 1)
        sides = conv(x, "expand1x1", 4 * squeezed, 1), conv(x, "expand3x3", 4 * squeezed, 3)
        return layers.Concatenate(name=f"fire{number}")(sides)

    inputs = Input(shape)
    x = layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(inputs)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = fire(fire(x, 2, 16), 3, 16)
    x = layers.MaxPooling2D(3, strides=2, name="pool3")(x)
    x = fire(fire(x, 4, 32), 5, 32)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = fire(fire(fire(fire(x, 6, 48), 7, 48), 8, 64), 9, 64)
    return Model(inputs, x)


def caffe(images, means):
    return images[..., ::-1] - np.array(means, np.float32)


def keras_base(name: str, shape: tuple, alpha: float = 1.0) -> tuple:
    """The model and its preprocessing of pixels in 0..255 as f32."""
    from keras import applications

    options = {"include_top": False, "weights": None, "input_shape": shape}
    if name == "vgg16":
        return applications.VGG16(**options), applications.vgg16.preprocess_input
    if name == "mobilenet":
        return applications.MobileNet(alpha=alpha, **options), applications.mobilenet.preprocess_input
    return squeezenet(shape), lambda images: caffe(images, (104, 117, 123))


OURS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def set_drawn(model) -> None:
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            name = f"{layer.name}.{OURS[variable.name]}"
            if len(shape) != 4:
                variable.assign(drawn(name, shape))
            elif type(layer).__name__ == "DepthwiseConv2D":
                variable.assign(drawn(name, tuple(shape[i] for i in (2, 3, 0, 1))).transpose(2, 3, 0, 1))
            else:
                variable.assign(drawn(name, tuple(shape[i] for i in (3, 2, 0, 1))).transpose(2, 3, 1, 0))


def ends(model) -> dict:
    """By block, the layer whose output is the block's."""
    names = [layer.name for layer in model.layers]
    blocks = {}
    for name in names:
        if name.startswith(("block", "pool", "fire")) and "." not in name:
            blocks[name] = name
        elif name == "conv1" or name.startswith(("conv_dw", "conv_pw")) and not name.endswith(("_bn", "_relu")):
            blocks[name] = f"{name}_relu" if f"{name}_relu" in names else name
    return blocks


def run_keras(case: str, model, preprocess, tensors: dict, every_block: bool, count: int = 2, through: str = "") -> None:
    import keras

    height, width, _ = model.input_shape[1:]
    x = preprocess(pictures(height, width, count).astype(np.float32))
    tensors[f"{case}.input"] = sample(x)
    blocks = ends(model)
    names = list(blocks)[: list(blocks).index(through) + 1] if through else list(blocks)
    outputs = keras.Model(model.inputs, [model.get_layer(blocks[name]).output for name in names])(x, training=False)
    for name, output in zip(names, outputs if isinstance(outputs, list) else [outputs]):
        if every_block or name == names[-1]:
            tensors[f"{case}.{name}"] = sample(output)
    tensors[f"{case}.means"] = np.asarray(output).mean(axis=(1, 2)).reshape(-1)


def fine_tune_mobilenet(tensors: dict) -> None:
    """Gradients of the mean square of the features from conv_pw_12 on, by stored statistics."""
    import tensorflow as tf

    model, preprocess = keras_base("mobilenet", (96, 96, 3), 0.25)
    set_drawn(model)
    first = [layer.name for layer in model.layers].index("conv_pw_12")
    layers = model.layers[first:]
    variables = [(layer, v) for layer in layers for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        features = model(preprocess(pictures(96, 96).astype(np.float32)), training=False)
        loss = tf.reduce_mean(tf.square(features))
    gradients = tape.gradient(loss, [v.value for _, v in variables])
    for (layer, variable), gradient in zip(variables, gradients):
        gradient = np.asarray(gradient)
        if gradient.ndim == 4:
            gradient = gradient.transpose((2, 3, 0, 1) if type(layer).__name__ == "DepthwiseConv2D" else (3, 2, 0, 1))
        tensors[f"mobilenet-tuned.gradient.{layer.name}.{OURS[variable.name]}"] = sample(gradient)


def write_keras() -> None:
    tensors = {}
    for name, alpha in (("vgg16", 1.0), ("mobilenet", 1.0), ("mobilenet", 0.25), ("squeezenet", 1.0)):
        for place, (height, width) in enumerate(SIZES):
            model, preprocess = keras_base(name, (height, width, 3), alpha)
            set_drawn(model)
            case = f"{name}-{alpha:g}-{height}x{width}"
            run_keras(case, model, preprocess, tensors, every_block=place == 0 and alpha == 1.0)
    fine_tune_mobilenet(tensors)
    save(tensors, "keras")


def write_published(folder: pathlib.Path) -> None:
    import h5py

    tensors = {}
    stored = load_file(folder / "mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors")
    for size in (224, 150):
        model, preprocess = keras_base("mobilenet", (size, size, 3))
        for layer in model.layers:
            names = {"kernel": "depthwise_kernel"} if type(layer).__name__ == "DepthwiseConv2D" else {}
            for variable in layer.weights:
                key = f"{layer.name}/{names.get(variable.name, variable.name)}"
                if key in stored:
                    variable.assign(stored[key])
        run_keras(f"mobilenet-{size}x{size}", model, preprocess, tensors, every_block=size == 224, through="conv_dw_13")

        model, preprocess = keras_base("squeezenet", (size, size, 3))
        with h5py.File(folder / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5") as file:
            for layer in model.layers:
                if layer.weights:
                    group = file[layer.name.replace(".", "/")]
                    layer.set_weights([np.asarray(group[name]) for name in group.attrs["weight_names"]])
        run_keras(f"squeezenet-{size}x{size}", model, preprocess, tensors, every_block=size == 224)
    save(tensors, "published")


# --- torchvision -----------------------------------------------------------------------------------------------------


def resnet(name: str):
    import torch
    import torchvision

    model = getattr(torchvision.models, name)(weights=None).eval()
    state = {key: torch.from_numpy(drawn(key, tuple(value.shape))) for key, value in model.state_dict().items() if value.ndim}
    model.load_state_dict(state, strict=False)
    return model


def resnet_input(height: int, width: int, count: int = 2):
    import torch
    from torchvision.transforms.functional import normalize

    images = torch.from_numpy(pictures(height, width, count)).permute(0, 3, 1, 2).float() / 255
    return normalize(images, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def last(array) -> np.ndarray:
    """[N, C, H, W] → [N, H, W, C], as all pictures here."""
    return array.detach().permute(0, 2, 3, 1).numpy()


def resnet_features(model, x) -> dict:
    """By block."""
    outputs = {"conv1": model.relu(model.bn1(model.conv1(x)))}
    x = outputs["maxpool"] = model.maxpool(outputs["conv1"])
    for number in range(1, 5):
        for place, block in enumerate(getattr(model, f"layer{number}")):
            x = outputs[f"layer{number}.{place}"] = block(x)
    return outputs


def write_torchvision() -> None:
    import torch

    tensors = {}
    for name in ("resnet18", "resnet34", "resnet50"):
        model = resnet(name)
        for place, (height, width) in enumerate(SIZES):
            case = f"{name}-1-{height}x{width}"
            x = resnet_input(height, width)
            tensors[f"{case}.input"] = sample(last(x))
            with torch.no_grad():
                outputs = resnet_features(model, x)
            for block, output in outputs.items():
                if place == 0 or block == list(outputs)[-1]:
                    tensors[f"{case}.{block}"] = sample(last(output))
            tensors[f"{case}.means"] = last(output).mean(axis=(1, 2)).reshape(-1)
    # Gradients of the mean square of the features from layer4 on, by stored statistics and by the batch's.
    for mode in ("stored", "batch"):
        model = resnet("resnet18")
        model.layer4.train(mode == "batch")
        outputs = resnet_features(model, resnet_input(96, 96, 4))
        features = outputs["layer4.1"]
        features.square().mean().backward()
        case = f"resnet18-tuned-{mode}"
        tensors[f"{case}.features"] = sample(last(features))
        for key, parameter in model.named_parameters():
            if key.startswith("layer4."):
                tensors[f"{case}.gradient.{key}"] = sample(parameter.grad)
        for key, buffer in model.named_buffers():
            if key.startswith("layer4.") and buffer.ndim:
                tensors[f"{case}.buffer.{key}"] = sample(buffer)
    save(tensors, "torchvision")


def write_state_dict() -> None:
    """A small file of torch.save, with what state_dicts can hold, and the same tensors as safetensors."""
    import collections

    import torch

    numbers = torch.from_numpy(drawn("state_dict", (4, 3, 3, 3)))
    layer = torch.nn.BatchNorm2d(4)
    state = collections.OrderedDict(
        kernel=numbers,
        transposed=numbers.to(memory_format=torch.channels_last),
        part=numbers[1:3, 2],
        parameter=torch.nn.Parameter(numbers[0, 0]),
        half=numbers[0].half(),
        bfloat16=numbers[1].bfloat16(),
        double=numbers[2].double(),
        scalar=torch.tensor(3.5),
        empty=torch.zeros(0, 3),
        **{f"bytes.{number}": torch.arange(-3, 5, dtype=kind) for number, kind in enumerate((torch.int8, torch.int16, torch.int32, torch.int64))},
    )
    state.update(layer.state_dict(prefix="bn."))
    state._metadata = layer.state_dict()._metadata
    torch.save(state, GOLDEN / "state_dict.pth")
    save({name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in state.items()}, "state_dict", "torch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("keras", "torchvision"))
    parser.add_argument("--published", type=pathlib.Path, metavar="WEIGHTS", help="folder of published weights")
    args = parser.parse_args()
    GOLDEN.mkdir(parents=True, exist_ok=True)
    if args.which == "torchvision":
        write_torchvision()
        write_state_dict()
    elif args.published:
        write_published(args.published)
    else:
        write_keras()


if __name__ == "__main__":
    main()
