#!/usr/bin/env python3
"""Writes tests/golden/bases: what Keras and torchvision make of drawn pictures with the weights of petite's bases.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu==2.21.0 safetensors==0.8.0
    /tmp/keras/bin/python scripts/reference/bases_reference.py keras
    /tmp/keras/bin/python scripts/reference/bases_reference.py keras --published WEIGHTS
    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy safetensors==0.8.0
    /tmp/torch/bin/python scripts/reference/bases_reference.py torchvision

Weights are numbers that the tests draw in the same way, so that none are stored; with --published they are those of
squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5 and of a MobileNet in Keras's names and layouts,
mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors, both in the folder WEIGHTS. Only needed to make the files
again; the tests read what is committed.
"""

import argparse
import pathlib

from bases_golden import GOLDEN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("keras", "torchvision"))
    parser.add_argument("--published", type=pathlib.Path, metavar="WEIGHTS", help="folder of published weights")
    args = parser.parse_args()
    GOLDEN.mkdir(parents=True, exist_ok=True)
    # Keras and PyTorch need not be in the same environment.
    if args.which == "torchvision":
        import bases_torchvision

        bases_torchvision.write_torchvision()
        bases_torchvision.write_state_dict()
        return
    import bases_keras

    if args.published:
        bases_keras.write_published(args.published)
    else:
        bases_keras.write_keras()


if __name__ == "__main__":
    main()
