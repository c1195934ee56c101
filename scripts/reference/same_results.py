#!/usr/bin/env python3
"""Checks that two builds of petite give the same results bit for bit, for changes that must not change any.

    scripts/reference/same_results.py OLD NEW --weights DIR
    scripts/reference/same_results.py OLD NEW --only 'cross-re*' --only baseline

OLD and NEW are two binaries. DIR holds the published weights of MobileNet, SqueezeNet and VGG16; SqueezeNet's .h5 is
converted by scripts/fetch_weights.sh, which lists its requirements. The rest needs only Python's standard library.

In each case OLD runs some commands in one folder and NEW the same in another, on the same drawn pictures with the same
seed; in cases named cross-*, NEW continues from OLD's results. Then every run's history.csv must be the same text
except for the columns of times, and its last and best weights the same tensors by name, type, shape and bytes. Pictures
and exported tensors must be equal too, and printed JSON in the keys that both have, except for sentences (PROSE). OLD
reads both sides' weights (convert). One line per case says `same`, or what differs, OLD's value first. The exit code is
1 if anything differs. GPUs are not covered, nor pictures from cameras: the tests compare their decoding with Pillow.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
CLOCK, PROSE = ("seconds", "images_per_second"), ("flaws", "provenance")
PUBLISHED = {
    "mobilenet": "mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors",
    "squeezenet": "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "vgg16": "vgg16_imagenet_notop_keras_layout.safetensors",
}
# The flags of training unless a case gives others. With --from, data and size are the head's.
DEFAULTS = {"--out": "run", "--data": "{two}", "--image-size": "46", "--epochs": "3", "--seed": "7", "--threads": "1",
            "--precision": "fp32"}  # fmt: skip
NEEDED = ("loss", "acc", "figures")  # JSON keys that must not be missing on one side only.


@dataclasses.dataclass
class Case:
    left: list[str]  # Commands of OLD.
    right: list[str]  # Commands of NEW; OLD runs those with the prefix `old`; `cached` gives NEW OLD's cache.
    most_epochs: int = 1000
    fewest_rates: int = 1


def train(flags: str = "") -> str:
    from_head = {"--data", "--image-size"} if "--from" in flags else set()
    given = from_head | {flag.partition("=")[0] for flag in flags.split()}
    return " ".join(["train", flags, *(f"{flag} {value}" for flag, value in DEFAULTS.items() if flag not in given)])


def same(*commands: str, **checks: int) -> Case:
    return Case(list(commands), list(commands), **checks)


def head(model: str, flags: str = "--out head", size: int = 96, recipe: str = "features") -> str:
    return train(f"--recipe {recipe} --model {model} --weights {{{model}}} --image-size {size} {flags}")


def tuned(flags: str = "") -> str:
    return train(f"--recipe fine-tune --from head --epochs 2 {flags}")


def resumed(flags: str, *before: str, first: int = 2, last: int = 4, **checks: int) -> Case:
    """OLD's run to the last epoch beside OLD's to the first, which NEW resumes."""
    broken = [f"old {command}" for command in (*before, train(f"{flags} --epochs {first}"))]
    resume = f"train --resume --out run --epochs {last}"
    return Case([*before, train(f"{flags} --epochs {last}")], [*broken, resume], **checks)


def after_old(made: list[str], *then: str) -> Case:
    return Case([*made, *then], [*(f"old {command}" for command in made), *then])


AUGMENTED = "--recipe augmented --steps-per-epoch 4"
OTHERWISE = "--horizontal-flip=false --vertical-flip --zoom-range 0.5,0.9 --shear-range 0.4"
OTHERWISE += " --brightness-range 0.5,1.5 --channel-shift-range 60"
PLATEAU = "--model mnist --schedule plateau --learning-rate 1e-2"
EVALUATE = "evaluate --run run --threads 1 --json"
DISK = [train("--cache disk"), train("--cache disk --out again")]
BASE = [head("mobilenet"), head("mobilenet", "--out head-again")]
TUNED = [BASE[0], tuned()]
# With threads-2 in the name, the sides run one after the other; with bf16, the case needs a processor that has it.
CASES = {
    "pictures": same("synthesize --to drawn --each 12 --seed 5",
                     "prepare --from drawn --to split --train 6 --validation 3 --test 3 --shuffle 5"),
    "baseline": same(train("--epochs 4")),
    "baseline-threads-2": same(train("--threads 2")),
    "baseline-bf16": same(train("--precision bf16")),
    "baseline-bf16-threads-2": same(train("--precision bf16 --threads 2")),
    "augmented": same(train(AUGMENTED)),
    "augmented-threads-2": same(train(f"{AUGMENTED} --threads 2 --loader-threads 2")),
    "augmented-bf16": same(train(f"{AUGMENTED} --precision bf16")),
    "augmented-otherwise": same(train(f"{AUGMENTED} {OTHERWISE}")),
    "augmented-fill": same(*(train(f"{AUGMENTED} --fill-mode {mode} --out {mode.split()[0]}")
                             for mode in ("wrap", "reflect", "constant --cval 90"))),
    "downsample": same(train("--downsample stride"), train("--downsample average-pool --out average"),
                       train("--downsample none --out none --image-size 20 --epochs 2")),
    "dropout": same(train("--dropout 0.4")),
    "keras-2.2": same(train("--keras 2.2"), train(f"{AUGMENTED} --keras 2.2 --out augmented {OTHERWISE}")),
    "keras-3": same(train("--keras 3"), train(f"{AUGMENTED} --keras 3 --out augmented {OTHERWISE}")),
    "optimizer": same(train("--rho 0.8 --epsilon 1e-4 --epsilon-place inside-root --learning-rate 2e-3")),
    "three-classes": same(train("--data {three}"), train("--data {three} --out auto --precision auto"),
                          train("--data {three} --out weighted --label-smoothing 0.1 --class-weights balanced")),
    "weights-of-classes": same(train("--label-smoothing 0.2 --class-weights balanced")),
    "cosine": same(train("--schedule cosine --epochs 5"), fewest_rates=2),
    "plateau": same(train(f"{PLATEAU} --epochs 35"), fewest_rates=2),
    "patience": same(train("--patience 4 --learning-rate 3e-3 --epochs 40"), most_epochs=39),
    "validation-steps": same(train("--steps-per-epoch 3 --validation-steps 2 --batch-size 16 --epochs 4")),
    "repeats": same(train("--repeats 2 --epochs 2")),
    "cache-none": same(train("--cache none"), train(f"{AUGMENTED} --cache none --out augmented")),
    "cache-disk-memory": same(*DISK, train("--cache memory --loader-threads 1 --out memory")),
    "bad-pictures": same(train("--data {bad} --skip-bad-pictures")),
    "bilinear": same(train("--interpolation bilinear --image-size 46x60")),
    "mnist": same(train("--model mnist"), train(f"{AUGMENTED} --model mnist --out augmented")),
    "features": same(*BASE, head("squeezenet", "--out squeezenet"),
                     head("mobilenet", "--out cut --through conv_dw_6 --pooling flatten --units 0")),
    "features-vgg16": same(head("vgg16", size=64)),
    "features-augmented": same(*(head(model, f"--steps-per-epoch 3 --out {model}", recipe="features-augmented")
                                 for model in ("mobilenet", "squeezenet"))),
    "fine-tune": same(*TUNED),
    "fine-tune-batch-norm": same(TUNED[0], tuned("--batch-norm batch")),
    "fine-tune-bf16": same(TUNED[0], tuned("--precision bf16")),
    "fine-tune-squeezenet": same(head("squeezenet"), tuned()),
    "fine-tune-vgg16": same(head("vgg16", size=64), tuned("--steps-per-epoch 2")),
    "cross-resume": resumed(""),
    "cross-resume-augmented": resumed(AUGMENTED),
    "cross-resume-plateau": resumed(PLATEAU, first=12, last=35, fewest_rates=2),
    "cross-resume-bf16": resumed("--precision bf16 --keras 3"),
    "cross-resume-fine-tune": resumed("--recipe fine-tune --from head --schedule constant --batch-norm batch", BASE[0]),
    "cross-config": after_old([train(f"{AUGMENTED} {OTHERWISE}")], "train --config run/config.json --out again"),
    "cross-cache": Case([*DISK, *BASE], [f"old {DISK[0]}", f"cached {DISK[1]}", f"old {BASE[0]}", f"cached {BASE[1]}"]),
    "cross-fine-tune": after_old([TUNED[0]], TUNED[1]),
    "cross-evaluate": after_old([train()], EVALUATE, f"{EVALUATE} --weights best", f"{EVALUATE} --split validation",
                                f"{EVALUATE} --flip --export export.ot.safetensors"),
    "cross-evaluate-base": after_old(TUNED, EVALUATE.replace("--run run", "--run head"), f"{EVALUATE} --flip"),
    "cross-compare": after_old([train(), EVALUATE], "compare --run run --reference book-baseline --json"),
}  # fmt: skip


def run(command: list, folder: pathlib.Path, cache: pathlib.Path) -> str:
    environment = os.environ | {"PETITE_CACHE": str(cache)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        found = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"expected {shlex.join(map(str, command))} to succeed, found: {found}; try it by hand")
    return done.stdout


def history(path: pathlib.Path) -> dict[str, dict[str, str]]:
    rows = csv.DictReader(path.read_text().splitlines())
    return {f"epoch {at}": {name: row[name] for name in row if name not in CLOCK} for at, row in enumerate(rows, 1)}


def tensors(path: pathlib.Path) -> dict[str, dict]:
    """The tensors of a .safetensors: eight bytes with the header's size, the header in JSON, values."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = {name: tensor for name, tensor in json.loads(content[8:start]).items() if name != "__metadata__"}
    for tensor in header.values():
        tensor["bytes"] = content[slice(*(start + at for at in tensor.pop("data_offsets")))]
    return header


def different(left: object, right: object, path: str, common: bool) -> list[str]:
    """Where two trees differ; with `common`, ignores keys that only one has, unless in NEEDED."""
    if isinstance(left, dict) and isinstance(right, dict):
        alone = [key for key in {**left, **right} if (key in left) != (key in right) and (not common or key in NEEDED)]
        found = [f"{path} {key} only in {'OLD' if key in left else 'NEW'}" for key in alone]
        pairs = [(left[key], right[key], f"{path} {key}") for key in left if key in right and key not in PROSE]
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        found, pairs = [], [(*pair, f"{path} {at}") for at, pair in enumerate(zip(left, right))]
    else:
        return [] if left == right else [path if isinstance(left, bytes) else f"{path} {left!s:.40}, {right!s:.40}"]
    return found + [text for one, other, at in pairs for text in different(one, other, at, common)]


def make(commands: list[str], side: str, folder: pathlib.Path, args: argparse.Namespace) -> dict[str, dict]:
    """Runs a side's commands and returns their results by kind and path in the side's folder."""
    folder.mkdir(parents=True)
    printed = {}
    for command in commands:
        words = [word.format(**args.paths) for word in command.split()]
        by = words.pop(0) if words[0] in ("old", "cached") else side
        cache = args.work / f"cache-{side}-{'new' if by == 'new' else 'old'}"
        out = run([args.old if by == "old" else args.new, *words], folder, cache)
        if "--json" in words:
            printed[command.removeprefix("old ")] = json.loads(out)
    for path in [*folder.rglob("last.ot"), *folder.rglob("best.ot")]:
        run([args.old, "convert", path, f"{path}.safetensors"], folder, args.work / f"cache-{side}-old")
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*"))}
    return {
        "epochs": {name: history(path) for name, path in files.items() if path.name == "history.csv"},
        "tensors": {name: tensors(path) for name, path in files.items() if name.endswith(".ot.safetensors")},
        "pictures": {name: path.read_bytes() for name, path in files.items() if path.suffix == ".jpg"},
        "outputs": printed,
    }


def hold(name: str, case: Case, folder: pathlib.Path, args: argparse.Namespace) -> tuple[str, list[str]]:
    """Runs a case; returns what was compared, and the differences."""
    with concurrent.futures.ThreadPoolExecutor(1 if "threads-2" in name else 2) as pool:
        left, right = (pool.submit(make, commands, side, folder / side, args)
                       for commands, side in ((case.left, "old"), (case.right, "new")))  # fmt: skip
    if errors := [str(side.exception()) for side in (left, right) if side.exception()]:
        return "", errors
    left, right = left.result(), right.result()
    found = [text for kind in left for text in different(left[kind], right[kind], kind, kind == "outputs")]
    for path, rows in left["epochs"].items():
        rates = {row["learning_rate"] for row in rows.values()}
        if len(rows) > case.most_epochs or len(rates) < case.fewest_rates:
            aim = f"at most {case.most_epochs} epochs and at least {case.fewest_rates} learning rates"
            found.append(f"expected {aim}, found {len(rows)}, {len(rates)} in {path}; try the case with other flags")
    counts = {kind: len(left[kind]) for kind in left} | {"tensors": sum(map(len, left["tensors"].values()))}
    counts["epochs"] = "+".join(str(len(rows)) for rows in left["epochs"].values())
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count), found


def draw(args: argparse.Namespace) -> None:
    """Makes data sets of unequal classes, so that class weights matter and last batches are smaller."""
    first, second = folders = args.work / "drawn-1", args.work / "drawn-2"
    for seed, folder in zip("12", folders):
        run([args.old, "synthesize", "--to", folder, "--each", "80", "--seed", seed], args.work, args.work)
    classes = {"a": [first / f"spot.{k}.jpg" for k in range(64)], "b": [first / f"stripe.{k}.jpg" for k in range(50)],
               "c": [second / f"{kind}.{k}.jpg" for k in range(22) for kind in ("spot", "stripe")]}  # fmt: skip
    for data, names in {"two": "ab", "three": "abc", "bad": "ab"}.items():
        args.paths[data] = str(args.work / data)
        for name, at, path in ((each, at, path) for each in names for at, path in enumerate(classes[each])):
            folder = args.work / data / ("validation" if at < 11 else "test" if at < 20 else "train") / name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
    broken = args.work / "bad" / "train" / "a" / "spot.30.jpg"
    broken.write_bytes(broken.read_bytes()[:700])


def find_weights(names: list[str], args: argparse.Namespace) -> None:
    used = " ".join(command for name in names for command in CASES[name].left)
    for model in (model for model in PUBLISHED if f"{{{model}}}" in used):
        path = (args.weights or pathlib.Path()) / PUBLISHED[model]
        if args.weights is None or not path.is_file():
            found = f"no {path}" if args.weights else "no --weights"
            raise RuntimeError(f"expected {path.name}, found {found}; try --weights with its folder, or --only others")
        if path.suffix == ".h5":
            run([SCRIPTS / "fetch_weights.sh", model, path.resolve()], args.work, args.work / "published")
            path = args.work / "published" / "weights" / f"{model}.safetensors"
        args.paths[model] = str(path.resolve())


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks that two builds of petite give the same results bit for bit.")
    parser.add_argument("old", nargs="?", type=pathlib.Path, help="the reference binary")
    parser.add_argument("new", nargs="?", type=pathlib.Path, help="the binary to compare with it")
    parser.add_argument("--weights", type=pathlib.Path, metavar="DIR", help="folder of the bases' published weights")
    parser.add_argument("--only", action="append", metavar="NAME", help="a case or pattern like 'cross-*'; repeatable")
    parser.add_argument("--list", action="store_true", help="list the cases and NEW's commands in them")
    args = parser.parse_args()
    if args.list:
        print("\n".join(f"{name:<26}{' · '.join(case.right)}" for name, case in CASES.items()))
        return
    for binary in (args.old, args.new):
        if binary is None or not binary.is_file():
            sys.exit(f"error: expected two petite binaries, OLD and NEW, found {binary or 'fewer'}; try --help")
    names = [name for name in CASES if any(fnmatch.fnmatch(name, pattern) for pattern in args.only or ["*"])]
    if not names:
        sys.exit(f"error: expected names of cases after --only, found {', '.join(args.only)}; try --list")
    args.old, args.new, args.paths = args.old.resolve(), args.new.resolve(), {}
    start, verdicts = time.perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="same-results-") as work:
        args.work = pathlib.Path(work)
        try:
            find_weights(names, args)
            draw(args)
            bf16 = re.search(r"precision auto \w+ bf16", run([args.old, "doctor"], args.work, args.work))
        except (OSError, RuntimeError) as error:
            sys.exit(f"error: {error}")
        for name in names:
            begin = time.perf_counter()
            verdict, text = "skipped", "according to OLD's doctor, --precision auto is not bf16 here"
            if bf16 or "bf16" not in name:
                text, found = hold(name, CASES[name], args.work / "case", args)
                shutil.rmtree(args.work / "case")
                verdict, text = ("differs", f"{'; '.join(found[:3])}; {len(found)} in all") if found else ("same", text)
            verdicts.append(verdict)
            print(f"{verdict:<9}{name:<26}{text}, {time.perf_counter() - begin:.1f} s", flush=True)
    totals = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("same", "differs", "skipped"))
    print(f"{totals}, {time.perf_counter() - start:.0f} s")
    sys.exit("differs" in verdicts)


if __name__ == "__main__":
    main()
