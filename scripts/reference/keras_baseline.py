#!/usr/bin/env python3
"""Trains the book's baseline (listings 5.5 to 5.8) in real Keras, for numbers to hold petite against.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu==2.21.0 pillow==12.0.0
    /tmp/keras/bin/python scripts/reference/keras_baseline.py --data data/dogs-vs-cats --rmsprop 2.0.8 --out history.csv

Writes epoch, loss, acc, val_loss, val_acc and the epoch's seconds, a row an epoch, and prints the
test accuracy. Pictures are decoded once by Pillow and resized by nearest, as ImageDataGenerator
does; they are shuffled anew for every epoch. --rmsprop 2.0.8 is the optimizer of Keras 2.0.8,
whose epsilon of 1e-8 stands outside the root; --rmsprop 3 is Keras 3's own.
"""

import argparse
import csv
import math
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers, ops
from PIL import Image


class BookRMSprop(keras.optimizers.Optimizer):
    """a ← ρa + (1 − ρ)g², p ← p − lr·g / (√a + ε): Keras 2.0.8's RMSprop.get_updates."""

    def __init__(self, learning_rate=1e-4, rho=0.9, epsilon=1e-8):
        super().__init__(learning_rate=learning_rate, name="book_rmsprop")
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.means = [self.add_variable_from_reference(variable, name="mean") for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        mean = self.means[self._get_variable_index(variable)]
        self.assign(mean, self.rho * mean + (1 - self.rho) * ops.square(gradient))
        self.assign_sub(variable, learning_rate * gradient / (ops.sqrt(mean) + self.epsilon))


def pictures(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels `[N, 150, 150, 3]` f32 in 0..=1 and labels `[N]`, classes and files sorted."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    if len(classes) != 2:
        raise SystemExit(f"error: expected two class folders in {folder}, found {len(classes)}")
    pixels, labels = [], []
    for label, path in enumerate(classes):
        for file in sorted(path.glob("*.jpg")):
            with Image.open(file) as picture:
                pixels.append(np.asarray(picture.convert("RGB").resize((150, 150), Image.Resampling.NEAREST)))
                labels.append(label)
    return np.stack(pixels).astype(np.float32) * np.float32(1 / 255), np.array(labels, np.float32)


class Shuffled(keras.utils.PyDataset):
    """Batches of 20 in a new order for every epoch. `fit` on arrays, once a seed is set, takes the same
    order for all of them: the curves then are smooth, and another experiment."""

    def __init__(self, pixels, labels, seed):
        super().__init__()
        self.pixels, self.labels, self.random = pixels, labels, np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.labels) / 20)

    def __getitem__(self, step):
        chosen = self.order[step * 20 : (step + 1) * 20]
        return self.pixels[chosen], self.labels[chosen]

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.labels))


class Rows(keras.callbacks.Callback):
    def __init__(self, path: pathlib.Path):
        super().__init__()
        self.file = path.open("w", newline="")
        self.rows = csv.writer(self.file, lineterminator="\n")
        self.rows.writerow(["epoch", "loss", "acc", "val_loss", "val_acc", "seconds"])

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.time()

    def on_epoch_end(self, epoch, logs=None):
        values = [logs[name] for name in ("loss", "acc", "val_loss", "val_acc")]
        self.rows.writerow([epoch + 1, *values, round(time.time() - self.start, 1)])
        self.file.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIR", help="what petite prepare made")
    parser.add_argument("--rmsprop", choices=("2.0.8", "3"), default="2.0.8")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="CSV")
    args = parser.parse_args()

    keras.utils.set_random_seed(args.seed)
    stages = []
    for filters in (32, 64, 128, 128):
        stages += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2)]
    head = [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([layers.Input((150, 150, 3)), *stages, *head])
    optimizer = BookRMSprop() if args.rmsprop == "2.0.8" else keras.optimizers.RMSprop(learning_rate=1e-4)
    accuracy = keras.metrics.BinaryAccuracy(name="acc")
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=[accuracy])

    train = Shuffled(*pictures(args.data / "train"), args.seed)
    model.fit(train, epochs=args.epochs, shuffle=False, verbose=0, callbacks=[Rows(args.out)],
              validation_data=pictures(args.data / "validation"), validation_batch_size=20)  # fmt: skip
    loss, acc = model.evaluate(*pictures(args.data / "test"), batch_size=20, verbose=0)
    told = f"Keras {keras.__version__}, RMSprop of Keras {args.rmsprop}, seed {args.seed}"
    print(f"{told}: test loss {loss:.4f}, acc {acc:.4f}")


if __name__ == "__main__":
    main()
