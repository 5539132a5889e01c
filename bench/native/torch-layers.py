"""Instance norm + leaky ReLU and max-pooling, forward and backward, in PyTorch; JSON rows. THREADS REPEAT BATCH"""
import json, statistics, sys, time
import torch

threads, repeat, batch = map(int, sys.argv[1:4])
torch.set_num_threads(threads)
norm = torch.nn.Sequential(torch.nn.InstanceNorm3d(32, affine=True), torch.nn.LeakyReLU(0.01))
pool = torch.nn.MaxPool3d(2)
for layout in (torch.contiguous_format, torch.channels_last_3d):
    x = torch.randn(batch, 32, 64, 64, 64).to(memory_format=layout).requires_grad_()
    for work, op in (("norm + leaky ReLU", norm), ("max-pool", pool)):
        dy = torch.ones_like(op(x))
        times = []
        for i in range(repeat + 2):
            start = time.perf_counter()
            torch.autograd.grad(op(x), x, dy)
            times.append((time.perf_counter() - start) * 1e3)
        name = "channels_last" if layout == torch.channels_last_3d else "contiguous"
        row = {"peer": f"torch {torch.__version__} {name}", "work": work, "batch": batch, "size": 64}
        print(json.dumps({**row, "threads": threads, "ms": statistics.median(times[2:])}))
