// Forward pass of the reference U-Net: ours, PyTorch's, onnxruntime's and stock tfjs wasm's.
// node --conditions=@seg/source bench/inference.ts [--json] [--threads 2] [--repeat 5] [--rounds 5] [--stock-size 32] [--revectorize] [--no-peers]
import { benchmarkUnet } from './unet/benchmark.ts';

benchmarkUnet('unet-forward', ['--onnx']);
