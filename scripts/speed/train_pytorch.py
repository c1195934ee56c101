"""Trains the book's network in PyTorch and tells its speed: a contender of compare_speed.sh.

    train_pytorch.py --contender pytorch-book|pytorch-fp32|pytorch-bf16 --data DIR --epochs N [--threads N]
    train_pytorch.py --contender limit [--threads N]

pytorch-book is what tutorials write: a DataLoader that decodes every picture anew, NCHW, fp32, the loss
read after every step. The others decode once, keep the pixels on the device, compute channels-last and
compiled, and read the loss once an epoch. limit measures matrix products: the most that convolutions can
take from the same machine. Prints a JSON object when training begins and one an epoch.
"""

import argparse
import json
import pathlib
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

BATCH = 20
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tell(**values) -> None:
    print(json.dumps(values), flush=True)


def synchronize() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def network() -> nn.Sequential:
    stages, channels = [], 3
    for filters in (32, 64, 128, 128):
        stages += [nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(6272, 512), nn.ReLU(), nn.Linear(512, 1)).to(DEVICE)


class Pictures(Dataset):
    """torchvision's ImageFolder with Resize((150, 150)) and ToTensor, resized as Keras does."""

    def __init__(self, folder: pathlib.Path):
        classes = sorted(path for path in folder.iterdir() if path.is_dir())
        self.samples = [(file, label) for label, path in enumerate(classes) for file in sorted(path.glob("*.jpg"))]

    def __len__(self):
        return len(self.samples)

    def pixels(self, index: int) -> np.ndarray:
        with Image.open(self.samples[index][0]) as picture:
            return np.array(picture.convert("RGB").resize((150, 150), Image.Resampling.NEAREST))

    def __getitem__(self, index: int):
        image = torch.from_numpy(self.pixels(index)).permute(2, 0, 1).contiguous()
        return image.to(torch.float32).div(255), torch.tensor(float(self.samples[index][1]))


def book(data: pathlib.Path, epochs: int) -> None:
    train_set, validation_set = Pictures(data / "train"), Pictures(data / "validation")
    train_loader = DataLoader(train_set, batch_size=BATCH, shuffle=True, num_workers=2)
    validation_loader = DataLoader(validation_set, batch_size=BATCH, num_workers=2)
    model, criterion = network(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-4, alpha=0.9)
    tell(ready=True)
    for epoch in range(epochs):
        start, total = time.perf_counter(), 0.0
        model.train()
        for images, labels in train_loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            optimizer.zero_grad()
            loss = criterion(model(images).squeeze(1), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        trained, correct = time.perf_counter(), 0
        model.eval()
        with torch.no_grad():
            for images, labels in validation_loader:
                images, labels = images.to(DEVICE), labels.to(DEVICE)
                correct += ((model(images).squeeze(1) > 0) == labels).sum().item()
        tell_epoch(epoch, start, trained, len(train_set), total / len(train_set))


def tuned(data: pathlib.Path, epochs: int, bf16: bool) -> None:
    def decoded(split: str) -> tuple[torch.Tensor, torch.Tensor]:
        pictures = Pictures(data / split)
        pixels = torch.from_numpy(np.stack([pictures.pixels(index) for index in range(len(pictures))]))
        return pixels.to(DEVICE), torch.tensor([float(label) for _, label in pictures.samples], device=DEVICE)

    def images_of(pixels: torch.Tensor) -> torch.Tensor:
        # [N, H, W, C] in memory is channels-last.
        return pixels.to(torch.float32).mul_(1 / 255).permute(0, 3, 1, 2)

    (pixels, labels), (validation_pixels, validation_labels) = decoded("train"), decoded("validation")
    model, criterion = network().to(memory_format=torch.channels_last), nn.BCEWithLogitsLoss()
    # mode="reduce-overhead" puts a step's kernels into one CUDA graph; the CPU has none.
    forward = torch.compile(model, mode="reduce-overhead" if DEVICE.type == "cuda" else "default")
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-4, alpha=0.9, foreach=True)
    # TF32 in fp32's place is not fp32; PyTorch allows it in convolutions unless told.
    torch.backends.cudnn.allow_tf32 = False

    def logits(batch: torch.Tensor) -> torch.Tensor:
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
            return forward(images_of(batch)).squeeze(1).float()

    tell(ready=True)
    for epoch in range(epochs):
        synchronize()
        start, total = time.perf_counter(), torch.zeros((), device=DEVICE)
        order = torch.randperm(len(labels), device=DEVICE)
        for chosen in order.split(BATCH):
            loss = criterion(logits(pixels[chosen]), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(chosen)
        mean_loss = total.item() / len(labels)
        trained, correct = time.perf_counter(), torch.zeros((), dtype=torch.long, device=DEVICE)
        with torch.no_grad():
            for batch, expected in zip(validation_pixels.split(BATCH), validation_labels.split(BATCH)):
                correct += ((logits(batch) > 0) == expected).sum()
        correct.item()
        tell_epoch(epoch, start, trained, len(labels), mean_loss)


def tell_epoch(epoch: int, start: float, trained: float, pictures: int, loss: float) -> None:
    seconds, training = time.perf_counter() - start, trained - start
    tell(epoch=epoch + 1, seconds=seconds, pictures_per_second=pictures / training, loss=loss)


def gflop_a_picture() -> float:
    """Multiplications and additions of a training step, a picture's share, in 10⁹: forward, gradients of
    weights and of inputs, but not of the pictures."""
    side, channels, forward, first = 150, 3, 0, 0
    for filters in (32, 64, 128, 128):
        side -= 2
        products = side * side * 9 * channels * filters
        first = first or products
        forward, side, channels = forward + products, side // 2, filters
    forward += side * side * channels * 512 + 512
    return 2 * (3 * forward - first) / 1e9


def limit() -> None:
    # A cube, and the shapes of the second convolution's forward pass and of its weights' gradient.
    cube = 8192 if DEVICE.type == "cuda" else 2048
    shapes = [(cube, cube, cube), (BATCH * 72 * 72, 288, 64), (288, BATCH * 72 * 72, 64), (4096, 1152, 128)]
    torch.backends.cuda.matmul.allow_tf32 = False

    def best(kind: torch.dtype) -> float:
        medians = []
        for rows, inner, columns in shapes:
            left, right = torch.randn(rows, inner, device=DEVICE), torch.randn(inner, columns, device=DEVICE)
            left, right = left.to(kind), right.to(kind)
            times = []
            for _ in range(12):
                synchronize()
                start = time.perf_counter()
                torch.mm(left, right)
                synchronize()
                times.append(time.perf_counter() - start)
            medians.append(2 * rows * inner * columns / statistics.median(times[2:]) / 1e9)
        return max(medians)

    device = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "CPU"
    tell(
        fp32=best(torch.float32), bf16=best(torch.bfloat16), gflop_a_picture=gflop_a_picture(), device=device,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("pytorch-book", "pytorch-fp32", "pytorch-bf16", "limit")
    parser.add_argument("--contender", choices=names, required=True)
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()

    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    if args.contender == "limit":
        limit()
    elif args.contender == "pytorch-book":
        book(args.data, args.epochs)
    else:
        tuned(args.data, args.epochs, bf16=args.contender == "pytorch-bf16")


if __name__ == "__main__":
    main()
