#!/usr/bin/env python3
"""Writes tests/golden/keras/training.safetensors and initial_weights.json: forward values, loss,
gradients, weights after RMSprop's steps, and initial weights, as Keras computes them.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/reference/keras_reference.py

Keras 3 runs unmodified; the two lines of Keras 2's RMSprop are rewritten below. Only needed to
regenerate the files; the tests read the committed ones. keras_augmentation_reference.py writes the
other files there.
"""

import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
from keras import layers
from safetensors.numpy import save_file

from spread import pictures, spread

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "keras"


def listing() -> keras.Sequential:
    stages = []
    for filters in (32, 64, 128, 128):
        stages += [layers.Conv2D(filters, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2))]
    return keras.Sequential(
        [
            layers.Input((150, 150, 3)),
            *stages,
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def set_starting_weights(model: keras.Sequential) -> None:
    """Sets weights from `spread` within Glorot's limits; biases are small but not zero, so that they matter."""
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
    """Pictures, u8 pixels divided by 255, and alternating labels."""
    pixels = pictures(150, 150, count)
    return pixels.astype(np.float32) * np.float32(1 / 255), (np.arange(count) % 2).astype(np.float32)


SAMPLES = 1024
# A hundredth of the book's. RMSprop's first steps move every weight by about three learning rates,
# however small its gradient. At 1e-5, a relative difference of 1e-7 in Keras's own starting weights
# grows to 2e-3 after 20 steps; at 1e-6 two frameworks can be compared.
LEARNING_RATE = 1e-6


def sample(array) -> np.ndarray:
    """At most SAMPLES equidistant values, then the root mean square of the whole array."""
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
    """The two lines of Keras 2's RMSprop.get_updates, on arrays (ρ 0.9)."""
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
    """Largest magnitude, mean, deviation and fourth moment of the listing's weights over `seeds` seeds."""
    gathered = {}
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = listing()
        for name, variable in zip(names(model), model.trainable_variables):
            gathered.setdefault(name, []).append(np.asarray(variable, dtype=np.float64).reshape(-1))
    report = {}
    for name, arrays in gathered.items():
        values = np.concatenate(arrays)
        report[name] = {
            "count": values.size,
            "limit": np.abs(values).max(),
            "mean": values.mean(),
            "deviation": values.std(),
            "fourth_moment": np.mean(values**4),
        }
    write_json("initial_weights.json", {"seeds": seeds, "weights": report})


def write_json(name: str, value) -> None:
    (GOLDEN / name).write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_initial_weights()
    write_training()
