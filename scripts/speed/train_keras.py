"""Trains the book's network in Keras and tells its speed: a contender of compare_speed.sh.

    train_keras.py --contender keras-book|keras-fp32|keras-bf16 --data DIR --epochs N [--threads N]

keras-book is listings 5.5 to 5.8 as they stand: ImageDataGenerator decodes every picture anew in every
epoch. The others decode once and hand the pixels out through tf.data, in a new order every epoch. Prints
a JSON object when training begins and one an epoch.
"""

import argparse
import json
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image
from tensorflow.keras.preprocessing.image import ImageDataGenerator

BATCH = 20


class Tell(keras.callbacks.Callback):
    """Tells how long an epoch took, and how many pictures a second its training part went through."""

    def __init__(self, pictures: int):
        super().__init__()
        self.pictures = pictures

    def on_train_begin(self, logs=None):
        tell(ready=True)

    def on_epoch_begin(self, epoch, logs=None):
        self.start, self.trained = time.perf_counter(), None

    def on_test_begin(self, logs=None):
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.start
        tell(
            epoch=epoch + 1,
            seconds=seconds,
            pictures_per_second=self.pictures / (self.trained - self.start),
            loss=logs["loss"],
        )


def tell(**values) -> None:
    print(json.dumps(values), flush=True)


def network(**compiling) -> keras.Sequential:
    model = keras.Sequential([layers.Input((150, 150, 3))])
    for filters in (32, 64, 128, 128):
        model.add(layers.Conv2D(filters, (3, 3), activation="relu"))
        model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dense(512, activation="relu"))
    # In f32 also under mixed_bfloat16, as Keras's guide asks.
    model.add(layers.Dense(1, activation="sigmoid", dtype="float32"))
    optimizer = keras.optimizers.RMSprop(learning_rate=1e-4)
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["acc"], **compiling)
    return model


def book(data: pathlib.Path, epochs: int) -> None:
    rescale = ImageDataGenerator(rescale=1.0 / 255)

    def flow(split: str):
        return rescale.flow_from_directory(data / split, target_size=(150, 150), batch_size=BATCH, class_mode="binary")

    # The listing's steps_per_epoch=100 and validation_steps=50 are one pass over each split, which is what
    # fit takes by itself.
    train, validation = flow("train"), flow("validation")
    network().fit(train, epochs=epochs, validation_data=validation, verbose=0, callbacks=[Tell(train.samples)])


def decoded(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels `[N, 150, 150, 3]` u8 and labels `[N, 1]`, classes and files sorted."""
    pixels, labels = [], []
    for label, path in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        for file in sorted(path.glob("*.jpg")):
            with Image.open(file) as picture:
                pixels.append(np.asarray(picture.convert("RGB").resize((150, 150), Image.Resampling.NEAREST)))
            labels.append([label])
    return np.stack(pixels), np.array(labels, np.float32)


def tuned(data: pathlib.Path, epochs: int) -> None:
    def batches(split: str, shuffled: bool) -> tf.data.Dataset:
        pixels, labels = decoded(data / split)
        order = tf.data.Dataset.range(len(labels))
        if shuffled:
            order = order.shuffle(len(labels), reshuffle_each_iteration=True)
        pixels, labels = tf.constant(pixels), tf.constant(labels)

        # A whole batch is gathered at once: a tensor a picture costs tf.data more than the copy does.
        def gather(chosen):
            return tf.cast(tf.gather(pixels, chosen), tf.float32) * (1 / 255), tf.gather(labels, chosen)

        return order.batch(BATCH).map(gather).prefetch(2)

    train = batches("train", shuffled=True)
    pictures = sum(1 for _ in (data / "train").glob("*/*.jpg"))
    validation = batches("validation", shuffled=False)
    # XLA's convolutions are several times slower on the CPU than oneDNN's.
    model = network(jit_compile=False)
    model.fit(train, epochs=epochs, validation_data=validation, verbose=0, callbacks=[Tell(pictures)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contender", choices=("keras-book", "keras-fp32", "keras-bf16"), required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()

    if args.threads:
        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    if args.contender == "keras-bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    keras.utils.set_random_seed(1)
    (book if args.contender == "keras-book" else tuned)(args.data, args.epochs)


if __name__ == "__main__":
    main()
