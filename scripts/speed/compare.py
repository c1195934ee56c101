"""Runs compare_speed.sh's contenders by turns and prints the table. See compare_speed.sh --help."""

import argparse
import csv
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parent
CONTENDERS = (
    "petite", "petite-fp32", "petite-tf32", "petite-bf16",
    "keras-book", "keras-fp32", "keras-bf16", "pytorch-book", "pytorch-fp32", "pytorch-bf16", "limit",
)  # fmt: skip
# Who is held against whom: the same arithmetic, and petite as it comes against the others as people write them.
PAIRS = (
    ("keras-fp32", "petite-fp32"), ("keras-bf16", "petite-bf16"), ("pytorch-fp32", "petite-fp32"),
    ("pytorch-bf16", "petite-bf16"), ("keras-book", "petite"), ("pytorch-book", "petite"),
)  # fmt: skip
# Inductor's and pip's caches would let a later round skip what the first had to do.
TEMPORARY_CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")


def stop(message: str) -> None:
    sys.exit(f"error: {message}")


def output(*command: object) -> str:
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def command_of(name: str, args: argparse.Namespace, run: pathlib.Path) -> list[str]:
    threads = ["--threads", str(args.threads)] if args.threads else []
    rest = ["--data", str(args.data), "--epochs", str(args.epochs), *threads]
    if name.startswith("petite"):
        precision = name.partition("-")[2]
        chosen = ["--precision", precision] if precision else []
        return [str(args.petite), "train", "--recipe", "baseline", "--out", str(run), *chosen, *rest]
    script = "train_keras.py" if name.startswith("keras") else "train_pytorch.py"
    return [sys.executable, str(SCRIPTS / script), "--contender", name, *rest]


def run(name: str, args: argparse.Namespace) -> dict:
    """One contender's run: its epochs, seconds until training began and of the whole process, peak memory."""
    with tempfile.TemporaryDirectory(prefix="compare-speed-") as temporary:
        folder = pathlib.Path(temporary)
        environment = os.environ | {variable: str(folder / variable.lower()) for variable in TEMPORARY_CACHES}
        start, ready, lines = time.perf_counter(), None, []
        with (folder / "errors").open("w+") as errors:
            child = subprocess.Popen(
                command_of(name, args, folder / "run"),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
            for line in child.stdout:
                # petite says what the network is when all is read and training is about to begin.
                if ready is None and line.startswith(('{"ready"', "network ")):
                    ready = time.perf_counter() - start
                lines.append(line)
            # The usage of the child and of what it waited for itself, such as PyTorch's loaders.
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - start
            if child.returncode != 0:
                errors.seek(0)
                stop(f"{name} ended with {child.returncode}:\n{errors.read()[-3000:]}")
        told = [json.loads(line) for line in lines if line.startswith("{")]
        if name == "limit":
            return {"contender": name, **told[-1]}
        if name.startswith("petite"):
            with (folder / "run" / "history.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            epochs = [[float(row["seconds"]), float(row["images_per_second"])] for row in rows]
        else:
            epochs = [[each["seconds"], each["pictures_per_second"]] for each in told if "epoch" in each]
    if ready is None or len(epochs) != args.epochs:
        stop(f"expected {args.epochs} epochs of {name}, found {len(epochs)}")
    # Linux counts kibibytes.
    peak = usage.ru_maxrss / 1024
    return {"contender": name, "epochs": epochs, "ready": ready, "seconds": seconds, "peak_mib": peak}


def spread(values: list[float], digits: int) -> str:
    """Median and range."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def after_the_first(runs: list[dict], column: int) -> list[float]:
    return [epoch[column] for each in runs for epoch in each["epochs"][1:]]


def ratios(of: list[dict], to: list[dict]) -> list[float]:
    """Epoch times of one contender in those of another, round by round: what slows a round slows both."""
    medians = [[statistics.median(epoch[0] for epoch in each["epochs"][1:]) for each in runs] for runs in (of, to)]
    return [a / b for a, b in zip(*medians)]


def table(runs: dict[str, list[dict]]) -> None:
    print(
        "| contender | training, pictures/s | an epoch, s | the first, s | start, s | whole, s | peak, MiB "
        "| epoch ÷ petite's |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for name in (name for name in CONTENDERS if name in runs and name != "limit"):
        these = runs[name]
        to_petite = spread(ratios(these, runs["petite"]), 2) if "petite" in runs else ""
        cells = [
            name,
            spread(after_the_first(these, 1), 0),
            spread(after_the_first(these, 0), 2),
            spread([each["epochs"][0][0] for each in these], 1),
            spread([each["ready"] for each in these], 1),
            spread([each["seconds"] for each in these], 1),
            f"{max(each['peak_mib'] for each in these):,.0f}",
            to_petite,
        ]
        print(f"| {' | '.join(cells)} |")
    print(
        "\nMedians, with the range over rounds and over the epochs after the first. An epoch is training and "
        "validation, pictures included; start is all before the first epoch, decoding once included; "
        "peak is the largest process's."
    )
    for other, ours in PAIRS:
        if other in runs and ours in runs:
            print(f"{ours} is {spread(ratios(runs[other], runs[ours]), 2)} times as fast as {other}, in epochs.")


def allowed(runs: dict[str, list[dict]]) -> None:
    """What the machine's matrix products allow, and what share of it training takes."""
    limits = runs.get("limit")
    if not limits:
        return
    each = limits[0]["gflop_a_picture"]
    print(f"\nA picture's training step takes {each:.3f} Gflop. Matrix products on {limits[0]['device']} allow:")
    for kind in ("fp32", "bf16"):
        speed = statistics.median(each[kind] for each in limits)
        print(f"- {kind}: {speed:,.0f} Gflop/s, so {speed / each:,.0f} pictures/s", end="")
        for name in (f"petite-{kind}", f"keras-{kind}", f"pytorch-{kind}"):
            if name in runs:
                print(f"; {name} {statistics.median(after_the_first(runs[name], 1)) / (speed / each):.0%}", end="")
        print()


def machine(args: argparse.Namespace) -> None:
    text = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    all_flags = (re.search(r"^flags.*$", text, re.MULTILINE) or [""])[0]
    flags = re.findall(r"\b(avx2|avx512f|avx512_bf16|amx_bf16|amx_tile)\b", all_flags)
    gpu = output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") if shutil.which("nvidia-smi") else ""
    packages = output(sys.executable, "-m", "pip", "freeze")
    named = re.compile(
        r"^(?:torch|tensorflow-cpu|tensorflow_cpu|keras|numpy|pillow)==.*$", re.MULTILINE | re.IGNORECASE
    )
    versions = [f"Python {platform.python_version()}", ", ".join(named.findall(packages))]
    processor = f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores ({', '.join(flags)})"
    print(f"\n- {processor}; {gpu or 'no GPU'}; {platform.release()}")
    print(f"- {time.strftime('%Y-%m-%d')}; {output(args.petite, '--version')}, {', '.join(versions)}")
    print(f"- `{args.command}`")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--petite", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only")
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--command", default="scripts/speed/compare.py")
    args = parser.parse_args()

    for split in ("train", "validation"):
        if not (args.data / split).is_dir():
            stop(f"expected a data set at {args.data}, found no {split}; try petite prepare, or --data DIR")
    if not args.petite.is_file():
        stop(f"expected petite at {args.petite}, found nothing; try cargo build, or --petite PATH")
    has_precision = "--precision" in output(args.petite, "train", "--help")
    names = args.only.split(",") if args.only else list(CONTENDERS)
    if not args.only and not shutil.which("nvidia-smi"):
        names.remove("petite-tf32")
    if not has_precision:
        lacking = [name for name in names if name.startswith("petite-")]
        names = [name for name in names if name not in lacking]
        if lacking:
            print(f"compare_speed: this petite has no --precision: without {', '.join(lacking)}", file=sys.stderr)

    runs: dict[str, list[dict]] = {}
    if args.results and args.results.exists():
        for line in args.results.read_text().splitlines():
            each = json.loads(line)
            runs.setdefault(each["contender"], []).append(each)
    for number in range(args.rounds):
        # Another one goes first in every round, so that a machine that warms up favours none.
        first = number % max(len(names), 1)
        for name in names[first:] + names[:first]:
            print(f"compare_speed: round {number + 1} of {args.rounds}: {name}", file=sys.stderr)
            done = run(name, args)
            runs.setdefault(name, []).append(done)
            if args.results:
                with args.results.open("a") as file:
                    file.write(json.dumps(done) + "\n")
    table(runs)
    allowed(runs)
    machine(args)


if __name__ == "__main__":
    main()
