// The build's entry for the convolution kernels: writes their generated source and returns its path.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate.ts';

export function entry(variant, folder) {
  const file = join(folder, 'conv.ts');
  writeFileSync(file, generate({ vectors: variant === 'revec' ? 4 : 2, relaxed: variant !== 'simd' }));
  return file;
}
