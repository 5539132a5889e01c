import type { NativeBackend } from '../../native/installed.ts';

/** A TensorFlow wheel that this version was tested with. */
export interface PinnedWheel {
  readonly distribution: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  /** Oldest glibc that it runs on. */
  readonly glibc: readonly [number, number];
}

const version = '2.20.0';
const x64 = 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';
const arm64 = 'cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl';

/** By backend and `process.arch`. libtensorflow inside a wheel does not depend on its Python version. */
export const pinnedWheels: Readonly<Record<NativeBackend, Readonly<Partial<Record<string, PinnedWheel>>>>> = {
  tensorflow: {
    x64: {
      distribution: 'tensorflow-cpu',
      version,
      file: `tensorflow_cpu-${version}-${x64}`,
      sha256: 'cf756bbe2d256e942ab5d0ad2c858fb40017581494febdb4387c149b1afde780',
      glibc: [2, 17],
    },
    arm64: {
      distribution: 'tensorflow',
      version,
      file: `tensorflow-${version}-${arm64}`,
      sha256: '3e9568c8efcb05c0266be223e3269c62ebf7ad3498f156438311735f6fa5ced5',
      glibc: [2, 17],
    },
  },
  cuda: {
    x64: {
      distribution: 'tensorflow',
      version,
      file: `tensorflow-${version}-${x64}`,
      sha256: '481499fd0f824583de8945be61d5e827898cdaa4f5ea1bc2cc28ca2ccff8229e',
      glibc: [2, 17],
    },
  },
};
