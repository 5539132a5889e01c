import { type ReadZipOptions, readZip } from '../../zip/read-zip.ts';
import { writeZip } from '../../zip/write-zip.ts';
import { encodeNpy } from './encode-npy.ts';
import type { NpyArray } from './npy-array.ts';
import { parseNpy } from './parse-npy.ts';

/**
 * The arrays in a .npz file (numpy.savez, numpy.savez_compressed) by name.
 *
 * @throws SegError as `parseNpy`, and for damaged archives.
 */
export function parseNpz(bytes: Uint8Array, options: ReadZipOptions = {}): Record<string, NpyArray> {
  const arrays: Record<string, NpyArray> = Object.create(null);
  for (const [name, content] of readZip(bytes, { name: 'parseNpz', ...options })) {
    if (name.endsWith('.npy')) {
      arrays[name.slice(0, -4)] = parseNpy(content, { name: `${options.name ?? 'parseNpz'}: ${name}` });
    }
  }
  return arrays;
}

/** The bytes of a .npz file with these arrays, not compressed (as numpy.savez writes it). */
export function encodeNpz(arrays: Readonly<Record<string, Parameters<typeof encodeNpy>[0]>>): Uint8Array<ArrayBuffer> {
  return writeZip(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)] as const));
}
