#!/usr/bin/env python3
"""Trains for a long time and checks that memory and open files stay flat.

    scripts/faults/soak.py PETITE --data DIR [--minutes 60] [-- FLAGS …]

PETITE is the binary, DIR a data set, FLAGS more flags of `petite train`. Needs Linux and Python's standard library.

By default the pictures are decoded on demand and augmented, and a checkpoint is saved every ten steps, so that every
thread and file is in use all the time. Memory (VmRSS), open files and threads are read from /proc every ten seconds;
the first tenth of the time does not count. Prints a line a minute and the result. The exit code is 1 if in the last
third of the time memory is more than 2 % above the most of the first third, or if there are more open files or threads,
or if training fails.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

FLAGS = "--recipe augmented --cache none --epochs 1000000"
FLAGS += " --steps-per-epoch 50 --validation-steps 10 --checkpoint-every 10"
EVERY = 10


def sample(process: int) -> tuple[float, int, int]:
    """Resident memory in MiB, open files and threads."""
    folder = pathlib.Path("/proc") / str(process)
    lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024, len(os.listdir(folder / "fd")), int(lines["Threads"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("petite", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    args, flags = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="petite-soak-") as work:
        out = pathlib.Path(work) / "run"
        command = [
            args.petite.resolve(),
            "train",
            "--data",
            args.data,
            "--out",
            out,
            *FLAGS.split(),
            *(flag for flag in flags if flag != "--"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        start, samples = time.monotonic(), []
        while (seconds := time.monotonic() - start) < args.minutes * 60 and process.poll() is None:
            time.sleep(EVERY)
            samples.append(sample(process.pid))
            if len(samples) % (60 // EVERY) == 0:
                memory, files, threads = samples[-1]
                print(f"{seconds / 60:4.0f} min  {memory:6.0f} MiB  {files} files  {threads} threads", flush=True)
        process.send_signal(signal.SIGTERM)
        code = process.wait()
        epochs = len((out / "history.csv").read_text().splitlines()) - 1
    if code != 143:
        sys.exit(f"expected exit code 143 after SIGTERM, found {code}")
    samples = samples[len(samples) // 10 :]
    third = len(samples) // 3
    first, last = samples[:third], samples[-third:]
    faults = []
    for name, at, most in (("MiB", 0, 1.02), ("open files", 1, 1.0), ("threads", 2, 1.0)):
        before, after = (max(values[at] for values in part) for part in (first, last))
        print(f"{name}: at most {before:.0f} in the first third, {after:.0f} in the last")
        faults += [name] if after > before * most else []
    print(f"{epochs} epochs of 50 steps, {epochs * 5} checkpoints or more")
    sys.exit(f"expected them to stay flat, found growing {', '.join(faults)}" if faults else 0)


if __name__ == "__main__":
    main()
