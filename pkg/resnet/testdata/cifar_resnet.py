"""The CIFAR ResNet of He et al. (2016), section 4.2, in PyTorch.

A 3x3 stem of 16 channels, three groups of n residual blocks with 16, 32 and 64
channels, global average pooling and a linear layer: depth 6n+2. Shortcuts
between groups have no parameters (option A): every second pixel, and zero
channels added symmetrically. Convolutions have no bias. Names of parameters
are the usual ones: conv1, bn1, layer1.0.conv1, ..., linear.
"""

import re

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        self.padding = (outputs - inputs) // 2

    def shortcut(self, x):
        if self.stride == 1 and self.padding == 0:
            return x
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.padding, self.padding))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, blocks, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for group, (outputs, stride) in enumerate(((16, 1), (32, 2), (64, 2)), 1):
            layer = []
            for i in range(blocks):
                layer.append(Block(inputs, outputs, stride if i == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{group}", nn.Sequential(*layer))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def build(arch, classes=10):
    """The network of a name such as resnet20 (depth 6n+2)."""
    match = re.fullmatch(r"resnet(\d+)", arch)
    depth = int(match[1]) if match else 0
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"unknown architecture {arch!r}: want resnet8, resnet20, resnet32, ...")
    return ResNet((depth - 2) // 6, classes)


def normalise(pixels, mean, std, dtype=torch.float32):
    """N x 32 x 32 x 3 bytes to N x 3 x 32 x 32 normalised numbers."""
    x = torch.as_tensor(pixels).to(dtype) / 255
    x = (x - torch.as_tensor(mean, dtype=dtype)) / torch.as_tensor(std, dtype=dtype)
    return x.permute(0, 3, 1, 2)
