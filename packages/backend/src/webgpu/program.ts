import { SegError } from '@seg/core';
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';

/** Invocations of a workgroup, in every program. */
export const groupSize = 64;

/** The parts of tfjs's WebGPU backend that programs use. */
export interface GpuBackend extends KernelBackend {
  readonly device: { readonly limits: Readonly<Record<string, number>> };
  readonly tensorMap: { get(dataId: object): { values: unknown } };
  makeTensorInfo(shape: readonly number[], dtype: 'float32' | 'int32'): TensorInfo;
  uploadToGPU(dataId: object): void;
  runWebGPUProgram(
    program: object,
    inputs: readonly TensorInfo[],
    dtype: string,
    uniforms: readonly TfjsUniform[],
    output: TensorInfo,
  ): TensorInfo;
}

interface TfjsUniform {
  readonly type: 'int32' | 'float32';
  readonly data: number[];
}

/** Numbers that an element of a bound array has. */
export type Width = 1 | 2 | 4;

/** One run of a program. Arrays are bound flat, under the names of `inputs`; the output's name is `result`. */
export interface ProgramRun {
  /** Names the source; with the constants it is all that the source depends on. */
  readonly name: string;
  /**
   * WGSL with a function `main(index : i32)`, where index counts all invocations; `localIndex` is the place in the
   * workgroup. Sees the constants and, as `uniforms.name`, the uniforms.
   */
  readonly source: () => string;
  /** Numbers that are compiled in: what shapes loops and tiles, so that divisions by them are cheap. */
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  /** Elements of an input or of `result`; default 1. */
  readonly widths?: Readonly<Record<string, Width>>;
  readonly output: TensorInfo;
  /** Numbers that change from run to run: i32, or vectors of two to four of them. */
  readonly integers?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  /** Workgroups, in one row of which WebGPU may make several: a source must bear more than these. */
  readonly groups: number;
}

/**
 * Runs a program through tfjs's queue, so in order with its own; results appear when they are read.
 *
 * @throws SegError `limit-exceeded` for a tensor that is larger than the device can bind.
 */
export function runProgram(backend: GpuBackend, run: ProgramRun): void {
  const { name, constants, integers = {}, floats = {}, widths = {}, output } = run;
  const names = Object.keys(run.inputs);
  for (const tensor of [output, ...Object.values(run.inputs)]) checkSize(backend, name, tensor);
  const uniforms = [
    ...Object.entries(integers).map(([key, value]) => ({ key, type: 'int32' as const, data: [value].flat() })),
    ...Object.entries(floats).map(([key, value]) => ({ key, type: 'float32' as const, data: [value] })),
  ];
  const program = {
    variableNames: names,
    variableComponents: names.map((key) => widths[key] ?? 1),
    outputComponent: widths.result ?? 1,
    outputShape: [sizeOf(output.shape)],
    uniforms: uniforms.map(({ key, type, data }) => `${key} : ${wgslType(type, data.length)}, `).join(''),
    workgroupSize: [groupSize, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [run.groups, 1, 1],
    shaderKey: `seg ${name} ${Object.values(constants).join()} ${Object.values(widths).join()}`,
    getUserCode: () => `${declarations(constants)}\n${run.source()}`,
  };
  const inputs = names.map((key) => flat(run.inputs[key]!));
  backend.runWebGPUProgram(program, inputs, output.dtype, uniforms, flat(output));
}

/** Runs a program whose output holds data already: it is read and written in place. */
export function runInPlace(backend: GpuBackend, run: ProgramRun): void {
  backend.uploadToGPU(run.output.dataId);
  runProgram(backend, run);
  // Values that were read before are kept on the host, and are stale now.
  backend.tensorMap.get(run.output.dataId).values = null;
}

/** Workgroups for a program with one invocation a thing. */
export const groupsFor = (count: number): number => Math.ceil(count / groupSize);

/** The widest elements by which rows of so many numbers can be read. */
export const widthFor = (rowLength: number): 1 | 4 => (rowLength % 4 === 0 ? 4 : 1);

/** WGSL's name for numbers of a width. */
export const typeFor = (width: Width): string => (width === 1 ? 'f32' : `vec${width}<f32>`);

const flat = ({ dataId, dtype, shape }: TensorInfo): TensorInfo => ({ dataId, dtype, shape: [sizeOf(shape)] });

function wgslType(type: TfjsUniform['type'], length: number): string {
  const scalar = type === 'int32' ? 'i32' : 'f32';
  return length === 1 ? scalar : `vec${length}<${scalar}>`;
}

function declarations(constants: ProgramRun['constants']): string {
  return Object.entries(constants)
    .map(([key, value]) => `const ${key} = ${value};`)
    .join('\n');
}

function checkSize(backend: GpuBackend, where: string, { shape }: TensorInfo): void {
  const most = backend.device.limits.maxStorageBufferBindingSize ?? Number.POSITIVE_INFINITY;
  if (sizeOf(shape) * 4 <= most) return;
  throw new SegError('limit-exceeded', {
    where: `webgpu ${where}`,
    problem: 'a tensor is larger than this device can bind',
    got: `${shape.join(' x ')}, ${sizeOf(shape) * 4} bytes`,
    expected: `at most ${most} bytes`,
    hint: 'Use a smaller patch or batch, or fewer channels.',
  });
}
