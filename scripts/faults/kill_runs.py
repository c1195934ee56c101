#!/usr/bin/env python3
"""Kills petite at random moments, again and again, and checks that the resumed runs end like undisturbed ones.

    scripts/faults/kill_runs.py PETITE --weights FILE [--kills 500] [--seed 1] [--jobs 2] [--only 'baseline*']

PETITE is the binary, FILE the weights of MobileNet. Needs only Python's standard library.

Each case is a run on drawn pictures, first undisturbed, then killed after a random time, resumed, killed again and so
on, until it ends by itself. Four of five signals are SIGKILL, the others SIGTERM, SIGINT or SIGHUP. A run that has no
config.json yet is started again by the same command. At the end, weights, checkpoint and the list of pictures must have
the same bytes as those of the undisturbed run, history.csv the same text except for the columns of times, the curves
must be drawn, and no temporary file or lock may be left in the run or in the cache. The exit code is 1 if any differs.
"""

import argparse
import concurrent.futures
import csv
import fnmatch
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CLOCK = ("seconds", "images_per_second")
SAME_BYTES = ("last.ot", "best.ot", "checkpoint.safetensors", "split.csv", "curves.png", "curves.svg")
# By a signal itself, before the handler is there, or by the handler.
KILLED = (-9, -1, -2, -15, 129, 130, 143)
COMMON = "--batch-size 4 --threads 1 --epochs 4 --seed 3"
SMALL = "--image-size 46"
BASE = "--model mobilenet --weights {weights} --image-size 64"
CASES = {
    "baseline": SMALL,
    "baseline, cache disk": f"{SMALL} --cache disk",
    "baseline, cache none": f"{SMALL} --cache none",
    "baseline, checkpoints within epochs": f"{SMALL} --checkpoint-every 1 --keep 3",
    "baseline, dropout": f"{SMALL} --dropout 0.5 --checkpoint-every 2",
    "augmented": f"--recipe augmented {SMALL} --checkpoint-every 3",
    "augmented, cache disk": f"--recipe augmented {SMALL} --cache disk",
    "augmented, cache none": f"--recipe augmented {SMALL} --cache none --checkpoint-every 2",
    "repeats": f"{SMALL} --repeats 2",
    "repeats, checkpoints within epochs": f"--recipe augmented {SMALL} --repeats 2 --checkpoint-every 2 --cache disk",
    "split by petite": f"{SMALL} --data {{unsplit}} --validation 4 --test 2",
    "an archive": f"{SMALL} --data {{archive}} --validation 4 --cache disk",
    "features": f"--recipe features {BASE}",
    "features, cache disk": f"--recipe features {BASE} --cache disk",
    "features-augmented": f"--recipe features-augmented {BASE} --checkpoint-every 2",
    "fine-tune": "--recipe fine-tune --from {head} --checkpoint-every 2",
    "fine-tune, batch statistics": "--recipe fine-tune --from {head} --batch-norm batch --cache none",
}


def petite(args: argparse.Namespace, flags: str, cache: pathlib.Path, **popen: object) -> subprocess.Popen:
    words = [word.format(**args.paths) for word in flags.split()]
    environment = os.environ | {"PETITE_CACHE": str(cache)}
    null = subprocess.DEVNULL
    return subprocess.Popen(
        [args.petite, *words], env=environment, stdin=null, stdout=null, stderr=subprocess.PIPE, text=True, **popen
    )


def done(process: subprocess.Popen) -> None:
    _, error = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"expected success, found exit code {process.returncode}: {error.strip()[-500:]}")


def train(flags: str, out: pathlib.Path) -> str:
    data = "" if "--data" in flags or "--from" in flags else "--data {data}"
    return f"train {COMMON} {data} {flags} --out {out}"


def results(out: pathlib.Path) -> dict[str, object]:
    """The contents of a run's files by path, without the columns of times."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if path.name in SAME_BYTES:
            found[name] = path.read_bytes()
        elif path.name == "history.csv":
            rows = csv.DictReader(path.read_text().splitlines())
            found[name] = [{key: row[key] for key in row if key not in CLOCK} for row in rows]
        elif path.name.startswith("."):
            found[name] = "left behind"
    return found


def trial(name: str, number: int, args: argparse.Namespace) -> tuple[int, list[str]]:
    """Kills one run until it ends. Returns the number of kills, and what is wrong."""
    draw = random.Random(f"{args.seed} {name} {number}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="trial-", dir=args.work))
    out, cache = folder / "run", folder / "cache"
    flags, (seconds, expected) = CASES[name], args.expected[name]
    kills = 0
    while True:
        begun = any(out.rglob("config.json"))
        repeats = "--repeats 2" if "--repeats" in flags else ""
        command = f"train --resume {repeats} --out {out}" if begun else train(flags, out)
        process = petite(args, command, cache)
        ends = KILLED
        try:
            process.wait(timeout=draw.uniform(0, seconds * 1.05))
            ends = ()
        except subprocess.TimeoutExpired:
            kills += 1
            others = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
            process.send_signal(signal.SIGKILL if draw.random() < 0.8 else draw.choice(others))
        _, error = process.communicate()
        if process.returncode == 0:
            break
        if process.returncode not in ends:
            return kills, [f"{name} {number}: exit code {process.returncode} of {command}: {error.strip()[-500:]}"]
    found = results(out)
    faults = [key for key in {**found, **expected} if found.get(key) != expected.get(key)]
    faults += [f"{path.relative_to(folder)} left" for path in cache.rglob(".petite-*")]
    shutil.rmtree(folder)
    return kills, [f"{name} {number} after {kills} kills: {', '.join(faults)} differ"] if faults else []


def prepare(args: argparse.Namespace) -> None:
    """Draws the pictures and trains the head and the undisturbed runs."""
    work, cache = args.work, args.work / "cache"
    paths = {name: work / name for name in ("drawn", "data", "unsplit", "head")}
    args.paths = {**paths, "weights": args.weights, "archive": work / "unsplit.zip"}
    done(petite(args, "synthesize --to {drawn} --each 16 --seed 2", cache))
    sizes = "--train 10 --validation 3 --test 3"
    done(petite(args, f"prepare --from {{drawn}} --to {{data}} {sizes}", cache))
    for path in sorted((work / "drawn").rglob("*.jpg")):
        folder = work / "unsplit" / path.name.partition(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)
    shutil.make_archive(str(work / "unsplit"), "zip", work / "unsplit")
    done(petite(args, train(f"--recipe features {BASE}", "{head}"), cache))
    args.expected = {}
    for at, name in enumerate(args.names):
        out, start = work / f"expected-{at}", time.monotonic()
        done(petite(args, train(CASES[name], out), work / f"cache-{at}"))
        args.expected[name] = (time.monotonic() - start, results(out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("petite", type=pathlib.Path)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN")
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, signal.SIG_DFL
        )  # In the background they may be ignored, and petite would ignore them too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    args.petite, args.weights = args.petite.resolve(), args.weights.resolve()
    patterns = args.only or ["*"]
    args.names = [name for name in CASES if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    counts, faults = dict.fromkeys(args.names, 0), []
    with tempfile.TemporaryDirectory(prefix="petite-kills-") as work:
        args.work = pathlib.Path(work)
        prepare(args)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            number = 0
            while sum(counts.values()) < args.kills:
                for name, ended in [(name, pool.submit(trial, name, number, args)) for name in args.names]:
                    kills, wrong = ended.result()
                    counts[name] += kills
                    faults += wrong
                    for text in wrong:
                        print(text, file=sys.stderr, flush=True)
                number += 1
    for name, kills in counts.items():
        print(f"{kills:5} kills  {name}")
    print(f"{sum(counts.values())} kills in {number * len(args.names)} runs, {len(faults)} runs differ")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
