#!/usr/bin/env python3
"""Writes tests/golden/bases: outputs of petite's bases in Keras and torchvision, for drawn pictures.

    python3 -m venv /tmp/keras && /tmp/keras/bin/pip install -r scripts/requirements/keras.txt
    /tmp/keras/bin/python scripts/reference/bases_reference.py keras
    /tmp/keras/bin/python scripts/reference/bases_reference.py keras --published WEIGHTS
    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install -r scripts/requirements/torch.txt
    /tmp/torch/bin/python scripts/reference/bases_reference.py torchvision

The weights are drawn numbers, which the tests draw in the same way, so none are stored. With --published they are read
from the folder WEIGHTS: squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5, and with Keras's names and layouts
mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors and vgg16_imagenet_notop_keras_layout.safetensors. Only needed
to regenerate the files; the tests read the committed ones.
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
    # Imported here: Keras and PyTorch need not be in the same environment.
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
