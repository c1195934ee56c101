#!/usr/bin/env python3
"""Holds a trained run against Keras, probability by probability.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu==2.21.0 safetensors==0.8.0
    /tmp/keras/bin/python scripts/keras_check.py runs/baseline --data data/dogs-vs-cats

Builds the run's network in Keras, puts the run's weights in, and predicts a split with both from the pixels that
petite decoded (decoders differ by a few levels). Exits with 1 if two probabilities are further apart than 1e-4 or
the accuracies differ. The run is not changed.
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
    parser.add_argument("run", type=pathlib.Path, metavar="RUN", help="folder of the run")
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR", help="data set [default: the run's]")
    parser.add_argument("--split", default="test", help="folder inside the data set [default: test]")
    parser.add_argument(
        "--weights", choices=("last", "best"), default="last", help="which of the run's [default: last]"
    )
    keras_model.add_petite(parser)
    args = parser.parse_args()

    if not (args.run / "config.json").is_file():
        stop(f"expected a run with a config.json at {args.run}, found none; try the folder given to petite train --out")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        # A copy, because petite evaluate writes its result into the run.
        run = folder / "run"
        run.mkdir()
        for name in ("config.json", f"{args.weights}.ot"):
            if (args.run / name).is_file():
                shutil.copy(args.run / name, run)
        petite(args.petite, "convert", run, folder / "weights.safetensors", "--weights", args.weights)
        model = keras_model.of_run(json.loads((run / "config.json").read_text()))
        keras_model.set_weights(model, load_file(folder / "weights.safetensors"))
        same = keras_model.compare(model, run, args, folder, args.weights)
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
