// Whole training step (forward, loss, backward, SGD) of the reference U-Net, ours, PyTorch's and stock tfjs wasm's.
// node --conditions=@seg/source bench/train-step.ts [--json] [--threads 2] [--repeat 7] [--revectorize] [--no-peers]
import { benchmarkUnet } from './unet/benchmark.ts';

await benchmarkUnet('unet-step', [[], ['--channels-last']]);
