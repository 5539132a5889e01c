import { SegError } from '@seg/core';
import { isNode } from '../runtime/node-builtins.ts';

/** The few parts of WebGPU's interface that are used here; the browser's types are not those of Node. */
export interface GpuDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  onuncapturederror:
    | ((event: { readonly error: { readonly message: string }; preventDefault?(): void }) => void)
    | null;
  pushErrorScope(filter: 'validation'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

export interface GpuAdapter {
  readonly info?: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: { has(name: string): boolean };
  requestDevice(descriptor: object): Promise<GpuDevice>;
}

interface Gpu {
  requestAdapter(options?: object): Promise<GpuAdapter | null>;
}

const wantedLimits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/**
 * WebGPU's entry: the browser's, or in Node that of the npm package `webgpu`, which is put where a browser has it.
 *
 * @returns undefined where there is none
 */
async function findGpu(): Promise<Gpu | undefined> {
  const scope = globalThis as { navigator?: { gpu?: Gpu } };
  if (scope.navigator?.gpu !== undefined || !isNode()) return scope.navigator?.gpu;
  // A variable, because bundlers must not follow it: browsers need no such package.
  const packageName = 'webgpu' as string;
  const { create, globals } = (await import(packageName)) as { create(flags: string[]): Gpu; globals: object };
  Object.assign(globalThis, globals);
  const gpu = create([]);
  if (scope.navigator === undefined) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}

/** Looks for an adapter; a text says why there is none. */
export async function findAdapter(): Promise<GpuAdapter | string> {
  let gpu: Gpu | undefined;
  try {
    gpu = await findGpu();
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return 'the npm package webgpu is not installed';
    return `the npm package webgpu does not load: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (gpu === undefined) return 'this browser has no WebGPU';
  return (await gpu.requestAdapter({ powerPreference: 'high-performance' })) ?? 'WebGPU finds no adapter (GPU driver)';
}

/** A device with the largest limits that the adapter allows. */
export async function openDevice(adapter: GpuAdapter): Promise<GpuDevice> {
  const requiredLimits = Object.fromEntries(
    wantedLimits.flatMap((name) => {
      const value = adapter.limits[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return adapter.requestDevice({ requiredLimits });
}

/**
 * Makes errors of the device, which WebGPU reports beside the calls that cause them and tfjs only prints, come out of
 * the next read of values.
 *
 * @param read the backend's own; it submits all work before it waits
 */
export function throwingRead<Id, T>(device: GpuDevice, read: (id: Id) => Promise<T>): (id: Id) => Promise<T> {
  let outside: string | undefined;
  device.onuncapturederror = (event) => {
    event.preventDefault?.();
    outside ??= event.error.message;
  };
  device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') outside ??= `the device is lost: ${message}`;
  });
  device.pushErrorScope('validation');
  return async (id) => {
    const values = read(id);
    // Closed as soon as the work is submitted, so that it holds what led to these values.
    const found = device.popErrorScope();
    device.pushErrorScope('validation');
    const message = (await found)?.message;
    const result = await values;
    const problem = message ?? outside;
    if (problem === undefined) return result;
    outside = undefined;
    throw new SegError('backend-failure', {
      where: 'webgpu',
      problem: problem.split('\n')[0]!,
      hint: 'Values computed since the last read are wrong. Choose another backend, or report the op that causes it.',
    });
  };
}

/**
 * Makes reading without waiting an error that says so: tfjs draws the values on a canvas for it, which Node has not.
 *
 * @param backend tfjs's; values that are on the host already stay readable
 */
export function refuseSyncReads<Id extends object>(backend: {
  readSync(id: Id): unknown;
  readonly tensorMap: { get(id: Id): { readonly values: unknown } };
}): void {
  if ('OffscreenCanvas' in globalThis) return;
  const read = backend.readSync.bind(backend);
  backend.readSync = (id) => {
    if (backend.tensorMap.get(id).values != null) return read(id);
    throw new SegError('unsupported', {
      where: 'dataSync',
      problem: 'webgpu cannot be read synchronously',
      hint: 'Use await tensor.data(), or another backend.',
    });
  };
}
