import { swapBytes } from '../bytes/byte-order.ts';
import type { ImageArray } from './medical-image.ts';
import {
  kernelPages,
  kernelVoxels,
  numbersOf,
  type StoredNumbers,
  scaleKernelBytes,
  storedAt,
  valuesAt,
} from './scale-kernel.ts';

/** Images with fewer voxels are done before a kernel is compiled. */
const fewVoxels = 2 ** 12;

/**
 * values[i] = data[i] * slope + intercept, computed in double precision.
 *
 * Large arrays go through WebAssembly where the environment allows it, and through a loop of the same arithmetic
 * elsewhere. `data` may lie in the memory of `values` if no number lies before the value that it turns into.
 */
export function scaleInto(
  values: Float32Array | Float64Array,
  data: ImageArray,
  slope: number,
  intercept: number,
): void {
  if (slope === 1 && intercept === 0 && !isWide(data)) values.set(data);
  else if (!scaleByKernel(values, data, false, slope, intercept)) scaleByLoop(values, data, slope, intercept);
}

/**
 * `scaleInto` for numbers of the other byte order than this machine's, which are turned round where they lie if need be:
 * afterwards `data` holds nothing of use.
 */
export function scaleSwappedInto(values: Float32Array, data: ImageArray, slope: number, intercept: number): void {
  // Without scaling -0 must stay what it is, which adding 0 would not let it.
  const added = slope === 1 && intercept === 0 ? -0 : intercept;
  if (scaleByKernel(values, data, true, slope, added)) return;
  swapBytes(bytesOf(data), data.BYTES_PER_ELEMENT);
  scaleByLoop(values, data, slope, added);
}

function scaleByLoop(values: Float32Array | Float64Array, data: ImageArray, slope: number, intercept: number): void {
  if (isWide(data)) {
    for (let i = 0; i < values.length; i++) values[i] = Number(data[i]!) * slope + intercept;
  } else {
    for (let i = 0; i < values.length; i++) values[i] = data[i]! * slope + intercept;
  }
}

function isWide(data: ImageArray): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

function bytesOf({ buffer, byteOffset, byteLength }: ImageArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Whether a kernel did it. */
function scaleByKernel(
  values: Float32Array | Float64Array,
  data: ImageArray,
  swapped: boolean,
  slope: number,
  intercept: number,
): boolean {
  if (values instanceof Float64Array || values.length < fewVoxels) return false;
  const numbers = numbersOf(data, { swapped, slope, intercept });
  const scale = numbers && kernelOf(numbers);
  if (numbers === undefined || scale === undefined) return false;
  const { size } = numbers;
  const bytes = bytesOf(data);
  const results = new Float32Array(memory!.buffer, valuesAt, kernelVoxels);
  const inputs = new Uint8Array(memory!.buffer);
  for (let from = 0; from < values.length; from += kernelVoxels) {
    const count = Math.min(kernelVoxels, values.length - from);
    const part = bytes.subarray(from * size, (from + count) * size);
    const at = storedAt + ((valuesAt + part.byteOffset) % 64);
    inputs.set(part, at);
    scale(count, at, slope, intercept);
    values.set(count === kernelVoxels ? results : results.subarray(0, count), from);
  }
  return true;
}

type Scale = (count: number, stored: number, slope: number, intercept: number) => void;

let memory: WebAssembly.Memory | undefined;
const kernels = new Map<string, Scale | undefined>();

/** The kernel for such numbers, undefined where WebAssembly or its vector instructions are missing or forbidden. */
function kernelOf(numbers: StoredNumbers): Scale | undefined {
  const key = Object.values(numbers).join();
  if (!kernels.has(key)) kernels.set(key, compile(numbers));
  return kernels.get(key);
}

function compile(numbers: StoredNumbers): Scale | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    const module = new WebAssembly.Module(scaleKernelBytes(numbers));
    memory ??= new WebAssembly.Memory({ initial: kernelPages });
    return new WebAssembly.Instance(module, { io: { memory } }).exports.scale as Scale;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}
