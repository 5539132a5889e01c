"""A player of bench/turns.ts: PyTorch's 3-D convolutions. THREADS RUNS MS, then the shapes as JSON; job 3 i + k is direction
k (forward, input gradient, filter gradient) of shape i. A turn has so many runs and takes so long at least; its median
run counts."""
import json, statistics, sys, time
import torch

threads, runs, turn_ms, shapes = [json.loads(argument) for argument in sys.argv[1:5]]
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
print(f"torch {torch.__version__}", flush=True)
current, work = None, None


def prepare(shape):
    n, kernel, stride = shape["size"], shape["kernel"], shape["stride"]
    x = torch.randn(shape["batch"], shape["cin"], n, n, n)
    w = torch.randn(shape["cout"], shape["cin"], kernel, kernel, kernel)
    pad = kernel // 2
    forward = lambda: torch.nn.functional.conv3d(x, w, None, stride, pad)
    dy = torch.randn_like(forward())

    def backward(inputs):
        mask = [inputs, not inputs, False]
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, [stride] * 3, [pad] * 3, [1] * 3, False, [0] * 3, 1, mask
        )

    return [forward, lambda: backward(True), lambda: backward(False)]


def measure(run):
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


for line in sys.stdin:
    job = int(line)
    if job // 3 != current:
        current = job // 3
        work = prepare(shapes[current])
    times = []
    while sum(times) < turn_ms or len(times) < runs:
        times.append(measure(work[job % 3]))
    print(statistics.median(times), flush=True)
