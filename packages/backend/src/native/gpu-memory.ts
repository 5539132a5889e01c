import { nodeBuiltin } from '../runtime/node-builtins.ts';

const timeoutMs = 10_000;

/** Bytes of the first GPU that CUDA may use, as NVIDIA's driver tells; undefined where nvidia-smi does not run. */
export function gpuMemoryBytes(): number | undefined {
  const childProcess = nodeBuiltin<typeof import('node:child_process')>('node:child_process');
  const first = process.env.CUDA_VISIBLE_DEVICES?.split(',')[0]?.trim();
  const chosen = first ? ['-i', first] : [];
  try {
    const args = [...chosen, '--query-gpu=memory.total', '--format=csv,noheader,nounits'];
    const text = childProcess!.execFileSync('nvidia-smi', args, {
      encoding: 'utf8',
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return parseMebibytes(text);
  } catch {
    return undefined; // not installed, or names of devices that it does not know, such as parts of a GPU
  }
}

/** Bytes of the first line of nvidia-smi's answer in MiB, such as "143771"; undefined for "[N/A]". */
export function parseMebibytes(text: string): number | undefined {
  const mebibytes = Number(text.trim().split('\n')[0] || Number.NaN);
  return mebibytes > 0 ? mebibytes * 2 ** 20 : undefined;
}
