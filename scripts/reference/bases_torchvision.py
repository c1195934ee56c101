"""torchvision's ResNets and a file of torch.save, for bases_reference.py."""

import collections

import numpy as np
import torch
import torchvision
from torchvision.transforms.functional import normalize

from bases_golden import GOLDEN, SIZES, drawn, sample, save
from spread import pictures


def resnet(name: str):
    model = getattr(torchvision.models, name)(weights=None).eval()
    stored = model.state_dict().items()
    state = {key: torch.from_numpy(drawn(key, tuple(value.shape))) for key, value in stored if value.ndim}
    model.load_state_dict(state, strict=False)
    return model


def resnet_input(height: int, width: int, count: int = 2):
    images = torch.from_numpy(pictures(height, width, count)).permute(0, 3, 1, 2).float() / 255
    return normalize(images, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def last(array) -> np.ndarray:
    """[N, C, H, W] → [N, H, W, C], as all pictures here."""
    return array.detach().permute(0, 2, 3, 1).numpy()


def resnet_features(model, x) -> dict:
    """By block."""
    outputs = {"conv1": model.relu(model.bn1(model.conv1(x)))}
    x = outputs["maxpool"] = model.maxpool(outputs["conv1"])
    for number in range(1, 5):
        for place, block in enumerate(getattr(model, f"layer{number}")):
            x = outputs[f"layer{number}.{place}"] = block(x)
    return outputs


def write_torchvision() -> None:
    tensors = {}
    for name in ("resnet18", "resnet34", "resnet50"):
        model = resnet(name)
        for place, (height, width) in enumerate(SIZES):
            case = f"{name}-1-{height}x{width}"
            x = resnet_input(height, width)
            tensors[f"{case}.input"] = sample(last(x))
            with torch.no_grad():
                outputs = resnet_features(model, x)
            for block, output in outputs.items():
                if place == 0 or block == list(outputs)[-1]:
                    tensors[f"{case}.{block}"] = sample(last(output))
            tensors[f"{case}.means"] = last(output).mean(axis=(1, 2)).reshape(-1)
    # Gradients of the mean square of the features from layer4 on, by stored statistics and by the batch's.
    for mode in ("stored", "batch"):
        model = resnet("resnet18")
        model.layer4.train(mode == "batch")
        outputs = resnet_features(model, resnet_input(96, 96, 4))
        features = outputs["layer4.1"]
        features.square().mean().backward()
        case = f"resnet18-tuned-{mode}"
        tensors[f"{case}.features"] = sample(last(features))
        for key, parameter in model.named_parameters():
            if key.startswith("layer4."):
                tensors[f"{case}.gradient.{key}"] = sample(parameter.grad)
        for key, buffer in model.named_buffers():
            if key.startswith("layer4.") and buffer.ndim:
                tensors[f"{case}.buffer.{key}"] = sample(buffer)
    save(tensors, "torchvision")


def write_state_dict() -> None:
    """A small file of torch.save, with what state_dicts can hold, and the same tensors as safetensors."""
    numbers = torch.from_numpy(drawn("state_dict", (4, 3, 3, 3)))
    layer = torch.nn.BatchNorm2d(4)
    kinds = (torch.int8, torch.int16, torch.int32, torch.int64)
    state = collections.OrderedDict(
        kernel=numbers,
        transposed=numbers.to(memory_format=torch.channels_last),
        part=numbers[1:3, 2],
        parameter=torch.nn.Parameter(numbers[0, 0]),
        half=numbers[0].half(),
        bfloat16=numbers[1].bfloat16(),
        double=numbers[2].double(),
        scalar=torch.tensor(3.5),
        empty=torch.zeros(0, 3),
        **{f"bytes.{number}": torch.arange(-3, 5, dtype=kind) for number, kind in enumerate(kinds)},
    )
    state.update(layer.state_dict(prefix="bn."))
    state._metadata = layer.state_dict()._metadata
    torch.save(state, GOLDEN / "state_dict.pth")
    plain = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in state.items()}
    save(plain, "state_dict", "torch")
