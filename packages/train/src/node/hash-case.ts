import { createHash } from 'node:crypto';
import type { Volume } from '@seg/core';

/**
 * SHA-256 of a case's sizes, voxel values and labels: the same however the files are called, compressed or stored, and
 * wherever they lie.
 */
export function hashCase(image: Volume, label: Volume | undefined): string {
  const hash = createHash('sha256');
  for (const volume of label === undefined ? [image] : [image, label]) {
    const { data, shape, channels } = volume;
    hash.update(`${channels},${shape.join()};`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
