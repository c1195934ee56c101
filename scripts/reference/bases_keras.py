"""Bases from Keras Applications, and SqueezeNet in Keras, for bases_reference.py."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import Input, Model, applications, layers
from safetensors.numpy import load_file

from bases_golden import SIZES, drawn, sample, save
from spread import pictures


def squeezenet(shape: tuple):
    """SqueezeNet v1.1 without its classifier, from its authors' train_val.prototxt, with pooled sizes rounded down."""

    def fire(x, number: int, squeezed: int):
        def conv(x, part: str, filters: int, size: int):
            name = f"fire{number}.{part}"
            return layers.Conv2D(filters, size, padding="same", activation="relu", name=name)(x)

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
    """The model, and its preprocessing for f32 pixels in 0..255."""
    options = {"include_top": False, "weights": None, "input_shape": shape}
    if name == "vgg16":
        return applications.VGG16(**options), applications.vgg16.preprocess_input
    if name == "mobilenet":
        return applications.MobileNet(alpha=alpha, **options), applications.mobilenet.preprocess_input
    return squeezenet(shape), lambda images: caffe(images, (104, 117, 123))


OURS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


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
    """For each block, the layer with the block's output."""
    names = [layer.name for layer in model.layers]
    blocks = {}
    for name in names:
        if name.startswith(("block", "pool", "fire")) and "." not in name:
            blocks[name] = name
        elif name == "conv1" or (name.startswith(("conv_dw", "conv_pw")) and not name.endswith(("_bn", "_relu"))):
            blocks[name] = f"{name}_relu" if f"{name}_relu" in names else name
    return blocks


def run_keras(
    case: str, model, preprocess, tensors: dict, every_block: bool, count: int = 2, through: str = ""
) -> None:
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
    """Gradients of the features' mean square from conv_pw_12 on, with stored statistics."""
    model, preprocess = keras_base("mobilenet", (96, 96, 3), 0.25)
    set_drawn(model)
    first = [layer.name for layer in model.layers].index("conv_pw_12")
    variables = [(layer, v) for layer in model.layers[first:] for v in layer.trainable_variables]
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
        for index, (height, width) in enumerate(SIZES):
            model, preprocess = keras_base(name, (height, width, 3), alpha)
            set_drawn(model)
            case = f"{name}-{alpha:g}-{height}x{width}"
            run_keras(case, model, preprocess, tensors, every_block=index == 0 and alpha == 1.0)
    fine_tune_mobilenet(tensors)
    save(tensors, "keras")


def set_stored(model, stored: dict) -> None:
    """Assigns the tensors LAYER/VARIABLE of `stored`; layers that it lacks stay as they are."""
    for layer in model.layers:
        names = {"kernel": "depthwise_kernel"} if type(layer).__name__ == "DepthwiseConv2D" else {}
        for variable in layer.weights:
            key = f"{layer.name}/{names.get(variable.name, variable.name)}"
            if key in stored:
                variable.assign(stored[key])


def write_published(folder: pathlib.Path) -> None:
    tensors = {}
    mobilenet = load_file(folder / "mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors")
    vgg16 = load_file(folder / "vgg16_imagenet_notop_keras_layout.safetensors")
    # The book's size first.
    for size in (150, 96):
        model, preprocess = keras_base("vgg16", (size, size, 3))
        set_stored(model, vgg16)
        run_keras(f"vgg16-{size}x{size}", model, preprocess, tensors, every_block=size == 150)
    for size in (224, 150):
        model, preprocess = keras_base("mobilenet", (size, size, 3))
        set_stored(model, mobilenet)
        run_keras(f"mobilenet-{size}x{size}", model, preprocess, tensors, every_block=size == 224, through="conv_dw_13")

        model, preprocess = keras_base("squeezenet", (size, size, 3))
        with h5py.File(folder / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5") as file:
            for layer in model.layers:
                if layer.weights:
                    group = file[layer.name.replace(".", "/")]
                    layer.set_weights([np.asarray(group[name]) for name in group.attrs["weight_names"]])
        run_keras(f"squeezenet-{size}x{size}", model, preprocess, tensors, every_block=size == 224)
    save(tensors, "published")
