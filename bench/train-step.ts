// Training step of the reference U-Net (forward, loss, backward, SGD): ours, PyTorch's and stock tfjs wasm's.
// node --conditions=@seg/source bench/train-step.ts [--json] [--threads 2] [--repeat 5] [--rounds 5] [--stock-size 32] [--revectorize] [--no-peers]
import { benchmarkUnet } from './unet/benchmark.ts';

benchmarkUnet('unet-step');
