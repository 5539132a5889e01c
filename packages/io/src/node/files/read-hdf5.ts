import { SegError } from '@seg/core';
import { type ImageArray, type ImageDtype, imageDtypes, type MedicalImage } from '../../formats/medical-image.ts';
import { reverseAxes } from '../../formats/reverse-axes.ts';
import { checkedVoxelBytes } from '../../formats/voxel-bytes.ts';
import { readBytes, withFile } from './file-bytes.ts';

export interface ReadHdf5Options {
  /** Names of the arrays to read, with / between groups. Default `image` and `label`, as in the files of UA-MT. */
  readonly datasets?: readonly string[];
  /** Order of the arrays' axes: x first (nibabel's arrays, UA-MT) or z first (SimpleITK's arrays). Default `xyz`. */
  readonly axes?: 'xyz' | 'zyx';
  /** Most bytes of each array. Default 8 GiB. */
  readonly maxBytes?: number;
}

/** The part of h5wasm that is used here. */
interface Hdf5Dataset {
  readonly shape: readonly number[] | null;
  readonly value: unknown;
  readonly metadata: {
    readonly type: number;
    readonly size: number;
    readonly signed: boolean;
    readonly littleEndian: boolean;
  };
}

/**
 * Reads arrays of an HDF5 file as images without geometry (spacing 1 mm, identity affine), by the optional package
 * `h5wasm`, which is loaded only here.
 *
 * @throws SegError `unsupported` when h5wasm is not installed or an array holds neither integers nor floats, `not-found`
 * for a missing array, `corrupt-data` for a file that is no HDF5 or damaged.
 *
 * @example
 * const { image, label } = await readHdf5('mri_norm2.h5');
 */
export async function readHdf5(path: string, options: ReadHdf5Options = {}): Promise<Record<string, MedicalImage>> {
  const { datasets = ['image', 'label'], axes = 'xyz', maxBytes } = options;
  await checkSignature(path);
  const h5wasm = await loadH5wasm(path);
  const images: Record<string, MedicalImage> = Object.create(null);
  let file: InstanceType<typeof h5wasm.File> | undefined;
  try {
    file = new h5wasm.File(path, 'r');
    for (const name of datasets) {
      const dataset = file.get(name);
      if (dataset === null || !('metadata' in dataset) || !('shape' in dataset)) {
        throw new SegError('not-found', {
          where: path,
          problem: `there is no array "${name}"`,
          expected: file.keys().join(', '),
        });
      }
      images[name] = imageOf(`${path}: ${name}`, dataset as unknown as Hdf5Dataset, axes, maxBytes);
    }
  } catch (cause) {
    if (cause instanceof SegError) throw cause;
    throw new SegError('corrupt-data', { where: path, problem: 'the HDF5 file is damaged', got: String(cause), cause });
  } finally {
    close(file);
  }
  return images;
}

/** A file that is damaged may not even be closed. */
function close(file: { close(): unknown } | undefined): void {
  try {
    file?.close();
  } catch {
    return;
  }
}

function imageOf(where: string, dataset: Hdf5Dataset, axes: 'xyz' | 'zyx', maxBytes: number | undefined): MedicalImage {
  const { metadata, shape } = dataset;
  const dtype = dtypeOf(metadata);
  if (dtype === undefined || shape === null || shape.length < 1 || shape.length > 7) {
    throw new SegError('unsupported', {
      where,
      problem: 'the array holds neither integers nor floats of at most 64 bits, or has no axes',
      got: { type: metadata.type, size: metadata.size, shape },
    });
  }
  checkedVoxelBytes(where, shape, dtype, maxBytes);
  const { array } = imageDtypes[dtype];
  const value = dataset.value;
  if (!(value instanceof array)) {
    throw new SegError('corrupt-data', { where, problem: 'the array could not be decoded', expected: dtype });
  }
  // The last axis of an HDF5 array is the fastest.
  const zFirst = axes === 'zyx';
  return {
    format: 'hdf5',
    shape: zFirst ? [...shape].reverse() : shape,
    dtype,
    byteOrder: metadata.littleEndian ? 'little' : 'big',
    data: zFirst ? (value as ImageArray) : reverseAxes(value as ImageArray, shape),
    slope: null,
    intercept: null,
    zooms: shape.map(() => 1),
    affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    header: {},
    extensions: [],
    warnings: ['the array says nothing about space: spacing 1 mm, axes to the right, front and head are assumed'],
  };
}

/** HDF5's class 0 is integers, 1 floats, 8 enumerations (NumPy's booleans). */
function dtypeOf({ type, size, signed }: Hdf5Dataset['metadata']): ImageDtype | undefined {
  if (type === 8 && size === 1) return 'int8';
  const name = type === 1 ? `float${8 * size}` : type === 0 ? `${signed ? '' : 'u'}int${8 * size}` : '';
  return name in imageDtypes ? (name as ImageDtype) : undefined;
}

/** h5wasm prints HDF5's own complaints about files that are none. */
async function checkSignature(path: string): Promise<void> {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  await withFile(path, async (file, size) => {
    for (let at = 0; at + 8 <= Math.min(size, 2 ** 20); at = at === 0 ? 512 : 2 * at) {
      const bytes = await readBytes(path, file, at, 8);
      if (signature.every((byte, i) => bytes[i] === byte)) return;
    }
    throw new SegError('corrupt-data', { where: path, problem: 'this is no HDF5 file' });
  });
}

async function loadH5wasm(path: string) {
  try {
    const { default: h5wasm } = await import('h5wasm/node');
    const { activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
    throwErrors(); // instead of printing them
    return h5wasm;
  } catch (cause) {
    throw new SegError('unsupported', {
      where: path,
      problem: 'HDF5 files are read by the package h5wasm, which cannot be loaded',
      hint: 'npm install h5wasm',
      cause,
    });
  }
}
