#!/usr/bin/env python3
"""Runs an exported network where it will be used, and compares its probabilities with petite's.

    python3 -m venv /tmp/onnx && /tmp/onnx/bin/pip install -r scripts/requirements/onnx.txt
    /tmp/onnx/bin/python scripts/export_check.py runs/baseline --format onnx

--format torchscript needs torch.txt there instead, keras keras.txt, safetensors any of them. Exports the run to a
temporary file, runs it in onnxruntime, PyTorch or Keras on pixels that petite decoded, in batches of one and of seven
pictures, and exits with 1 if two probabilities differ by more than 1e-4 or the file does not name the classes. The
run is not changed.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

EXTENSIONS = {"onnx": ".onnx", "torchscript": ".pt", "keras": ".keras", "safetensors": ".safetensors"}
TOLERANCE = 1e-4

# What runs a network on a batch of pixels, and the description in its file.
Loaded = tuple[Callable[[np.ndarray], np.ndarray], dict]


def stop(message: str) -> None:
    sys.exit(f"error: {message}")


def onnx(path: pathlib.Path) -> Loaded:
    import onnx
    import onnxruntime

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    description = {entry.key: entry.value for entry in model.metadata_props}
    return lambda images: session.run(None, {"images": images})[0], with_classes(description)


def torchscript(path: pathlib.Path) -> Loaded:
    import torch

    files = {"petite.json": ""}
    module = torch.jit.load(path, map_location="cpu", _extra_files=files)

    def run(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(images)).numpy()

    return run, json.loads(files["petite.json"])


def keras(path: pathlib.Path) -> Loaded:
    import keras

    model = keras.saving.load_model(path)
    beside = path.with_name(f"{path.name}.json")
    return lambda images: np.asarray(model.predict_on_batch(images)), json.loads(beside.read_text())


RUNTIMES = {"onnx": onnx, "torchscript": torchscript, "keras": keras}


def with_classes(texts: dict[str, str]) -> dict:
    return texts | {"classes": json.loads(texts["classes"])}


def petite(binary: pathlib.Path, *arguments: object) -> None:
    if not binary.is_file():
        stop(f"expected petite at {binary}, found nothing; try cargo build, or --petite PATH")
    done = subprocess.run([binary, *map(str, arguments)], stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        # petite has printed the reason.
        sys.exit(done.returncode)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """[N, classes] from scores: of one sigmoid unit, of a softmax otherwise."""
    logits = logits.astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def predictions(run: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """The network's values for all pictures, from batches of one and of seven."""
    starts = [0, *range(1, len(images), 7)]
    batches = [images[start:end] for start, end in zip(starts, [*starts[1:], len(images)], strict=True)]
    return np.concatenate([run(batch) for batch in batches])


def same_weights(file: pathlib.Path, args: argparse.Namespace, folder: pathlib.Path) -> bool:
    """Whether the file has the tensors that petite convert writes."""
    petite(args.petite, "convert", args.run, folder / "converted.safetensors", "--weights", args.weights)
    found, expected = load_file(file), load_file(folder / "converted.safetensors")
    same = found.keys() == expected.keys() and all(np.array_equal(found[name], expected[name]) for name in expected)
    print(f"tensors                 {len(found)}, {'the same as' if same else 'others than'} petite convert writes")
    return same


def same_probabilities(run: Callable[[np.ndarray], np.ndarray], args: argparse.Namespace, folder: pathlib.Path) -> bool:
    """Whether the network predicts like petite on the split."""
    evaluated = folder / "run"
    evaluated.mkdir()
    # A copy: petite evaluate writes its result into the run.
    for name in ("config.json", "split.csv", f"{args.weights}.ot"):
        if (args.run / name).is_file():
            shutil.copy(args.run / name, evaluated)
    data = ["--data", args.data] if args.data else []
    chosen = ["--run", evaluated, "--split", args.split, *data, "--weights", args.weights]
    petite(args.petite, "evaluate", *chosen, "--export", folder / "pixels.safetensors", "--precision", "fp32")
    tensors = load_file(folder / "pixels.safetensors")
    images, ours = tensors["images"], tensors["probabilities"].astype(np.float64)
    if ours.ndim == 1:
        ours = np.stack([1 - ours, ours], axis=1)
    chosen = np.unique(np.linspace(0, len(images) - 1, min(args.pictures, len(images))).astype(int))
    images, ours = images[chosen], ours[chosen]
    theirs = predictions(run, images)
    if args.logits:
        theirs = probabilities(theirs)
    if ours.shape != theirs.shape:
        stop(f"expected probabilities {list(ours.shape)}, found {list(theirs.shape)}")
    differences = np.abs(ours - theirs)
    same_class = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    print(f"pictures                {len(images)}, of {args.split}")
    print(f"largest difference      {differences.max():.3g}")
    print(f"mean difference         {differences.mean():.3g}")
    print(f"same class              {same_class} of {len(images)}")
    # NaN fails this comparison.
    return bool(differences.max() <= TOLERANCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN", help="run folder")
    parser.add_argument("--format", choices=EXTENSIONS, required=True, help="format to export to")
    parser.add_argument("--logits", action="store_true", help="export the scores, and compare after a softmax here")
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR", help="data set folder [default: the run's]")
    parser.add_argument("--split", default="test", help="split: a folder of the data set [default: test]")
    parser.add_argument(
        "--pictures", type=int, default=200, metavar="N", help="pictures of the split to compare [default: 200]"
    )
    parser.add_argument(
        "--weights", choices=("last", "best"), default="last", help="which of the run's weights [default: last]"
    )
    default = pathlib.Path(__file__).resolve().parent.parent / "target" / "debug" / "petite"
    parser.add_argument(
        "--petite", type=pathlib.Path, default=default, metavar="PATH", help="the binary [default: this checkout's]"
    )
    args = parser.parse_args()

    if not (args.run / "config.json").is_file():
        stop(f"expected a run with a config.json at {args.run}, found none; try the --out of petite train")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        file = folder / f"model{EXTENSIONS[args.format]}"
        flags = [*(["--logits"] if args.logits else []), "--python", sys.executable, "--weights", args.weights]
        petite(args.petite, "export", args.run, "--to", file, *flags)
        print(f"file                    {file.stat().st_size} bytes of {args.format}")
        if args.format == "safetensors":
            with safe_open(file, "numpy") as opened:
                description = with_classes(opened.metadata())
            same = same_weights(file, args, folder)
        else:
            run, description = RUNTIMES[args.format](file)
            same = same_probabilities(run, args, folder)
    expected = json.loads((args.run / "config.json").read_text())["classes"]
    if description["classes"] != expected:
        stop(f"expected the classes {expected} in the file, found {description['classes']}")
    if not same:
        stop(
            f"expected a largest difference of at most {TOLERANCE}"
            if args.format != "safetensors"
            else "expected the same weights"
        )


if __name__ == "__main__":
    main()
