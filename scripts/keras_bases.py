"""SqueezeNet v1.1 and the ResNets of 18, 34 and 50 layers in Keras, which has them not or with other layers.

Used by keras_model.py. Layers have petite's names with _ for the dots: layer1_0_conv1.
"""

import keras
import numpy as np
from keras import layers

# Blocks of each of the four layers, and whether a block has three convolutions instead of two.
RESNETS = {"resnet18": ((2, 2, 2, 2), False), "resnet34": ((3, 4, 6, 3), False), "resnet50": ((3, 4, 6, 3), True)}
# Filters of the first convolution of the fire modules 2 to 9.
FIRES = (16, 16, 32, 32, 48, 48, 64, 64)


def squeezenet(input_shape: tuple[int, int, int]) -> keras.Model:
    """SqueezeNet without its classifier."""
    inputs = layers.Input(input_shape)
    x = layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(inputs)
    for number, filters in enumerate(FIRES, 2):
        if number in (2, 4, 6):
            x = layers.MaxPooling2D(3, strides=2, name=f"pool{number - 1}")(x)
        x = fire(x, f"fire{number}", filters)
    return keras.Model(inputs, x)


def fire(x: keras.KerasTensor, name: str, filters: int) -> keras.KerasTensor:
    def conv(x: keras.KerasTensor, part: str, filters: int, size: int) -> keras.KerasTensor:
        return layers.Conv2D(filters, size, padding="same", activation="relu", name=f"{name}_{part}")(x)

    x = conv(x, "squeeze1x1", filters, 1)
    parts = [conv(x, "expand1x1", 4 * filters, 1), conv(x, "expand3x3", 4 * filters, 3)]
    return layers.Concatenate(name=name)(parts)


def resnet(model: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """torchvision's ResNet `model` without its classifier."""
    counts, bottleneck = RESNETS[model]
    inputs = layers.Input(input_shape)
    x = normalized(inputs, "conv1", "bn1", 64, 7, 2)
    x = layers.ReLU(name="conv1_relu")(x)
    # No value is below 0, so a border of zeros changes no maximum.
    x = layers.MaxPooling2D(3, strides=2, name="maxpool")(layers.ZeroPadding2D(1)(x))
    channels = 64
    for layer, (count, width) in enumerate(zip(counts, (64, 128, 256, 512), strict=True), 1):
        filters = 4 * width if bottleneck else width
        for number in range(count):
            strides = 2 if layer > 1 and number == 0 else 1
            if bottleneck:
                convolutions = [(width, 1, 1), (width, 3, strides), (filters, 1, 1)]
            else:
                convolutions = [(width, 3, strides), (filters, 3, 1)]
            has_shortcut = strides != 1 or channels != filters
            x = residual(x, f"layer{layer}_{number}", convolutions, strides if has_shortcut else None)
            channels = filters
    return keras.Model(inputs, x)


def residual(
    x: keras.KerasTensor, name: str, convolutions: list[tuple[int, int, int]], shortcut_strides: int | None
) -> keras.KerasTensor:
    """A block of convolutions of these filters, sizes and strides, with a 1×1 one beside them if it has strides."""
    shortcut = x
    for number, (filters, size, strides) in enumerate(convolutions, 1):
        x = normalized(x, f"{name}_conv{number}", f"{name}_bn{number}", filters, size, strides)
        if number < len(convolutions):
            x = layers.ReLU()(x)
    if shortcut_strides:
        names = (f"{name}_downsample_0", f"{name}_downsample_1")
        shortcut = normalized(shortcut, *names, convolutions[-1][0], 1, shortcut_strides)
    return layers.ReLU(name=name)(layers.Add()([x, shortcut]))


def normalized(x: keras.KerasTensor, conv: str, norm: str, filters: int, size: int, strides: int) -> keras.KerasTensor:
    """A convolution, padded by half its size on every side, and PyTorch's batch normalization."""
    if size > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    x = layers.Conv2D(filters, size, strides=strides, use_bias=False, name=conv)(x)
    return layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=norm)(x)


def squeezenet_input(images: np.ndarray) -> np.ndarray:
    """The input of the published weights for RGB in 0..=255: BGR minus ImageNet's means."""
    return images[..., ::-1] - np.array([104, 117, 123], np.float32)


def resnet_input(images: np.ndarray) -> np.ndarray:
    """As `squeezenet_input`: RGB by ImageNet's means and standard deviations."""
    means, deviations = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)
    return (images / np.float32(255) - means) / deviations
