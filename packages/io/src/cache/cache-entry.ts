import { createVolume, SegError, type Triple, type Volume, type VoxelArray } from '@seg/core';
import { parseJson } from '../dataset/json-reader.ts';
import { decodeSafetensors } from '../safetensors/decode-safetensors.ts';
import { encodeSafetensors } from '../safetensors/encode-safetensors.ts';
import type { SafetensorsDtype, SafetensorsTensor } from '../safetensors/safetensors-types.ts';

/** What a cache keeps for a key: volumes by name, and plain JSON about them. */
export interface CacheContent {
  readonly volumes: Readonly<Record<string, Volume>>;
  readonly info?: unknown;
}

const DTYPES: readonly (readonly [new (length: number) => VoxelArray, SafetensorsDtype])[] = [
  [Int8Array, 'I8'],
  [Uint8Array, 'U8'],
  [Int16Array, 'I16'],
  [Uint16Array, 'U16'],
  [Int32Array, 'I32'],
  [Uint32Array, 'U32'],
  [Float32Array, 'F32'],
  [Float64Array, 'F64'],
];

/** The content as bytes of a safetensors file; geometry and `info` are in its metadata. */
export function encodeCacheContent({ volumes, info = null }: CacheContent): Uint8Array {
  const tensors: Record<string, SafetensorsTensor> = {};
  const geometry: Record<string, unknown> = {};
  for (const [name, { data, shape, channels, spacingMm, affine }] of Object.entries(volumes)) {
    const dtype = DTYPES.find(([type]) => data instanceof type)![1];
    tensors[name] = { dtype, shape: [channels, ...shape], data };
    geometry[name] = { spacingMm, affine };
  }
  return encodeSafetensors(tensors, { metadata: { geometry: JSON.stringify(geometry), info: JSON.stringify(info) } });
}

/** The content from the bytes; throws `corrupt-data` where they are not what `encodeCacheContent` wrote. */
export function decodeCacheContent(bytes: Uint8Array, where: string): Required<CacheContent> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const geometry = parseJson(where, metadata.geometry ?? '');
  const volumes: Record<string, Volume> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const [channels, ...size] = shape;
    const type = DTYPES.find(([, known]) => known === dtype)?.[0];
    if (type === undefined || !(data instanceof type) || size.length !== 3) {
      throw new SegError('corrupt-data', { where, problem: `"${name}" is no volume`, got: { dtype, shape } });
    }
    const numbers = (key: string) =>
      geometry
        .at(name)
        .at(key)
        .array()
        .map((v) => v.value as number);
    volumes[name] = createVolume(data as VoxelArray, size as unknown as Triple, {
      channels: channels!,
      spacingMm: numbers('spacingMm') as unknown as Triple,
      affine: numbers('affine'),
    });
  }
  return { volumes, info: parseJson(where, metadata.info ?? '').value };
}
