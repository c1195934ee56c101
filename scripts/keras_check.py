#!/usr/bin/env python3
"""Compares a trained run with Keras, probability by probability.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/keras_check.py runs/baseline --data data/dogs-vs-cats

Builds the run's network in Keras with the run's weights, also one on a base, and predicts a split with
both from the pixels that petite decoded (decoders differ by a few levels). Exits with 1 if two probabilities differ by
more than 1e-4 or the accuracies differ. The run is not changed.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import keras_model
from keras_model import load_file, petite, stop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN", help="run folder")
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR", help="data set folder [default: the run's]")
    parser.add_argument("--split", default="test", help="split: a folder of the data set [default: test]")
    parser.add_argument(
        "--weights", choices=("last", "best"), default="last", help="which of the run's weights [default: last]"
    )
    keras_model.add_petite(parser)
    args = parser.parse_args()

    if not (args.run / "config.json").is_file():
        stop(f"expected a run with a config.json at {args.run}, found none; try the --out of petite train")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        # A copy: petite evaluate writes its result into the run.
        run = folder / "run"
        run.mkdir()
        for name in ("config.json", f"{args.weights}.ot"):
            if (args.run / name).is_file():
                shutil.copy(args.run / name, run)
        petite(args.petite, "convert", run, folder / "weights.safetensors", "--weights", args.weights)
        record = json.loads((run / "config.json").read_text())
        model = keras_model.of_run(record)
        keras_model.set_weights(model, load_file(folder / "weights.safetensors"))
        same = keras_model.compare(model, keras_model.preprocessing(record), run, args, folder, args.weights)
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
