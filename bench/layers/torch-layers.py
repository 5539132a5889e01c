"""The layers of ours.ts in PyTorch, in both memory layouts; one JSON row a line. THREADS REPEAT BATCH"""
import json, statistics, sys, time
import torch
from torch import nn

threads, repeat, batch = map(int, sys.argv[1:4])
torch.set_num_threads(threads)
WARM_UP_SECONDS = 0.5  # as ours.ts
labels = torch.randint(0, 3, (batch, 64, 64, 64))


def dice_cross_entropy(logits):
    p = logits.softmax(1)
    y = nn.functional.one_hot(labels, 3).movedim(-1, 1).to(p.dtype)
    axes = (2, 3, 4)
    overlap, total = (p * y).sum(axes), (p + y).sum(axes)
    dice = (2 * overlap + 1e-5) / (total + 1e-5)
    return nn.functional.cross_entropy(logits, labels) + 1 - dice[:, 1:].mean()


def norm(channels):
    return nn.Sequential(nn.InstanceNorm3d(channels, affine=True), nn.LeakyReLU(0.01, inplace=True))


def measure(work, size, channels, layer):
    params = list(layer.parameters()) if isinstance(layer, nn.Module) else []
    for layout, suffix in ((torch.contiguous_format, " contiguous"), (torch.channels_last_3d, " channels_last")):
        x = torch.randn(batch, channels, size, size, size).to(memory_format=layout).requires_grad_()
        dy = torch.ones_like(layer(x))
        times = []
        end = time.perf_counter() + WARM_UP_SECONDS
        while time.perf_counter() < end:
            torch.autograd.grad(layer(x), [x, *params], dy)
        for _ in range(repeat):
            start = time.perf_counter()
            y = layer(x)
            between = time.perf_counter()
            torch.autograd.grad(y, [x, *params], dy)
            times.append((between - start, time.perf_counter() - between))
        forward, backward = (statistics.median(t[i] for t in times) * 1e3 for i in (0, 1))
        row = {"peer": f"torch {torch.__version__}{suffix}", "work": work, "threads": threads}
        row |= {"shape": [batch, size, size, size, channels], "forward_ms": forward, "backward_ms": backward}
        print(json.dumps(row), flush=True)


for size, channels in ((64, 16), (64, 32), (32, 64)):
    measure("norm + leaky ReLU", size, channels, norm(channels))
measure("max-pool 2x2x2", 64, 32, nn.MaxPool3d(2))
measure("trilinear resize to 64^3", 32, 16, nn.Upsample((64, 64, 64), mode="trilinear"))
measure("softmax, cross-entropy and Dice", 64, 3, dice_cross_entropy)
