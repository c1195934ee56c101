#!/usr/bin/env python3
"""Trains section 5.2's convnet in Keras, for histories to compare petite with.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/reference/keras_baseline.py --data data/dogs-vs-cats --out history.csv

--recipe baseline is listings 5.5 to 5.8, --recipe augmented listings 5.11 to 5.14, each with the book's
numbers of batches and epochs. Writes epoch, loss, acc, val_loss, val_acc and seconds, one row per epoch,
and prints the test loss and accuracy. Pictures are decoded once by Pillow and resized by nearest, as
ImageDataGenerator does. KERAS_BACKEND chooses TensorFlow, JAX or PyTorch, in fp32 on each of them; for a
GPU, install jax[cuda13] and set KERAS_BACKEND=jax.

--rmsprop 3 is Keras's optimizer. --rmsprop 2.0.8 is that of Keras 2.0.8, with an epsilon of 1e-8 outside
the root.
"""

import argparse
import csv
import itertools
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# JAX and TensorFlow compute fp32 in TF32 on a GPU unless told otherwise.
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

import keras
import numpy as np
from keras import layers, ops
from keras.src.legacy.preprocessing.image import ImageDataGenerator
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
    """Pixels `[N, 150, 150, 3]` f32 in 0..=255 and labels `[N]`, sorted by class, then file."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    if len(classes) != 2:
        raise SystemExit(f"error: expected two class folders in {folder}, found {len(classes)}")
    pixels, labels = [], []
    for label, path in enumerate(classes):
        for file in sorted(path.glob("*.jpg")):
            with Image.open(file) as picture:
                pixels.append(np.asarray(picture.convert("RGB").resize((150, 150), Image.Resampling.NEAREST)))
                labels.append(label)
    return np.stack(pixels).astype(np.float32), np.array(labels, np.float32)


class Batches(keras.utils.PyDataset):
    """The batches of ImageDataGenerator.flow, `steps` in an epoch: every pass over the pictures is in a new
    order, its last batch may be smaller, and an epoch continues where the one before it stopped. The draws
    do not depend on the number of workers, as flow's do."""

    def __init__(self, generator, pixels, labels, batch_size, steps, seed, workers):
        super().__init__(workers=workers, max_queue_size=4 * workers)
        self.generator, self.pixels, self.labels, self.steps = generator, pixels, labels, steps
        np.random.seed(seed)
        self.passes = self.split_passes(batch_size)
        self.on_epoch_end()

    def split_passes(self, batch_size):
        while True:
            order = np.random.permutation(len(self.labels))
            yield from (order[first : first + batch_size] for first in range(0, len(order), batch_size))

    def on_epoch_end(self):
        batches = list(itertools.islice(self.passes, self.steps))
        draw = self.generator.get_random_transform
        self.epoch = [[(index, draw(self.pixels[index].shape)) for index in batch] for batch in batches]

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        transformed = [self.generator.apply_transform(self.pixels[index], drawn) for index, drawn in self.epoch[step]]
        return np.stack(transformed) * np.float32(1 / 255), self.labels[[index for index, _ in self.epoch[step]]]


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


def network(dropout: bool) -> keras.Sequential:
    stages = []
    for filters in (32, 64, 128, 128):
        stages += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2)]
    head = [layers.Flatten(), *[layers.Dropout(0.5)] * dropout]
    head += [layers.Dense(512, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return keras.Sequential([layers.Input((150, 150, 3)), *stages, *head])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIR", help="data set from petite prepare")
    parser.add_argument("--recipe", choices=("baseline", "augmented"), default="baseline")
    parser.add_argument("--rmsprop", choices=("2.0.8", "3"), default="3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="[default: the book's 30, augmented 100]")
    parser.add_argument("--workers", type=int, default=2, help="threads that transform pictures")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="CSV")
    args = parser.parse_args()

    keras.utils.set_random_seed(args.seed)
    augmented = args.recipe == "augmented"
    model = network(dropout=augmented)
    optimizer = BookRMSprop() if args.rmsprop == "2.0.8" else keras.optimizers.RMSprop(learning_rate=1e-4)
    accuracy = keras.metrics.BinaryAccuracy(name="acc")
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=[accuracy])

    ranges = dict(rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2,
                  zoom_range=0.2, horizontal_flip=True)  # fmt: skip
    generator = ImageDataGenerator(**ranges if augmented else {})
    batch_size, epochs = (32, 100) if augmented else (20, 30)
    train = Batches(generator, *pictures(args.data / "train"), batch_size, 100, args.seed, args.workers)
    (pixels, labels), (test_pixels, test_labels) = (pictures(args.data / split) for split in ("validation", "test"))
    model.fit(train, epochs=args.epochs or epochs, shuffle=False, verbose=0, callbacks=[Rows(args.out)],
              validation_data=(pixels * np.float32(1 / 255), labels), validation_batch_size=20)  # fmt: skip
    loss, acc = model.evaluate(test_pixels * np.float32(1 / 255), test_labels, batch_size=20, verbose=0)
    told = f"Keras {keras.__version__} on {keras.backend.backend()}, RMSprop of Keras {args.rmsprop}, seed {args.seed}"
    print(f"{told}: test loss {loss:.4f}, acc {acc:.4f}")


if __name__ == "__main__":
    main()
