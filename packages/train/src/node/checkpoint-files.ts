import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import { decodeSafetensors, encodeSafetensors } from '@seg/io';
import type { Checkpoint, CheckpointMeta, CheckpointName, CheckpointStore, StoredTensor } from '../fit/checkpoint.ts';

/** The file operations of the store; tests replace them to simulate failures. */
export interface CheckpointFileSystem {
  /** Writes a whole new file and flushes it to the disk. */
  writeDurably(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}

export interface CheckpointFilesOptions {
  /** Receives a sentence when a damaged checkpoint was passed over for an older one. */
  readonly onWarning?: (message: string) => void;
  /** Default: the real one. */
  readonly fileSystem?: CheckpointFileSystem;
}

const realFileSystem: CheckpointFileSystem = {
  async writeDurably(path, data) {
    const file = await open(path, 'w');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
};

/**
 * Checkpoints as `<folder>/<name>.safetensors` with `<name>.json` beside it, which holds the tensors' SHA-256. The
 * checkpoint before stays as `<name>.previous.*`.
 *
 * Both files are written under temporary names, flushed, and then renamed, so that at any moment an intact pair exists:
 * loading tries the descriptions from the newest to the oldest and takes the first whose tensors match its hash.
 */
export function checkpointFiles(folder: string, options: CheckpointFilesOptions = {}): CheckpointStore {
  const { onWarning, fileSystem = realFileSystem } = options;
  const path = (file: string) => join(folder, file);

  async function save(name: CheckpointName, { meta, tensors }: Checkpoint): Promise<void> {
    await mkdir(folder, { recursive: true });
    const bytes = encodeSafetensors(
      Object.fromEntries(
        Object.entries(tensors).map(([key, { data, shape }]) => [
          key,
          { dtype: data instanceof Int32Array ? ('I32' as const) : ('F32' as const), shape, data },
        ]),
      ),
    );
    const description = new TextEncoder().encode(
      `${JSON.stringify({ ...meta, tensors: { file: `${name}.safetensors`, sha256: sha256(bytes) } }, undefined, 2)}\n`,
    );
    const parts = [
      ['json', description],
      ['safetensors', bytes],
    ] as const;
    try {
      for (const [ending, data] of parts) await fileSystem.writeDurably(path(`${name}.${ending}.tmp`), data);
    } catch (cause) {
      for (const [ending] of parts) await rm(path(`${name}.${ending}.tmp`), { force: true });
      throw new SegError('io-failure', {
        where: path(`${name}.safetensors`),
        problem: 'the checkpoint could not be written; the one before is intact',
        got: cause instanceof Error ? cause.message : cause,
        hint: `It needs ${Math.ceil((2 * bytes.length) / 2 ** 20)} MB: make room or write to another disk, then resume.`,
        cause,
      });
    }
    for (const [ending] of parts)
      await moveIfThere(fileSystem, path(`${name}.${ending}`), path(`${name}.previous.${ending}`));
    for (const [ending] of [...parts].reverse()) {
      await fileSystem.rename(path(`${name}.${ending}.tmp`), path(`${name}.${ending}`));
    }
    await syncFolder(folder);
  }

  async function load(name: CheckpointName): Promise<Checkpoint | undefined> {
    const problems: string[] = [];
    let found = false;
    for (const candidate of [name, `${name}.previous`]) {
      const text = await readIfThere(path(`${candidate}.json`));
      if (text === undefined) continue;
      found = true;
      const description = parseDescription(text);
      if (description === undefined) {
        problems.push(`${candidate}.json is damaged`);
        continue;
      }
      // A crash between two renames can leave a description beside the other generation's tensors.
      for (const source of [candidate, name, `${name}.previous`]) {
        const bytes = await readIfThere(path(`${source}.safetensors`));
        if (bytes === undefined || sha256(bytes) !== description.sha256) continue;
        if (problems.length > 0) onWarning?.(`${problems.join('; ')}: continuing from step ${description.meta.step}.`);
        return { meta: description.meta, tensors: decodeTensors(bytes) };
      }
      problems.push(`the tensors of ${candidate}.json (step ${description.meta.step}) are missing or damaged`);
    }
    if (!found) return undefined;
    throw new SegError('corrupt-data', {
      where: path(`${name}.safetensors`),
      problem: `no intact checkpoint is left: ${problems.join('; ')}`,
      hint: 'Restore the folder from a backup or start the training anew.',
    });
  }

  return { save, load };
}

function decodeTensors(bytes: Uint8Array): Readonly<Record<string, StoredTensor>> {
  return Object.fromEntries(
    Object.entries(decodeSafetensors(bytes).tensors).map(([name, { data, shape }]) => [
      name,
      { data: data as Float32Array | Int32Array, shape },
    ]),
  );
}

function parseDescription(text: Uint8Array): { readonly meta: CheckpointMeta; readonly sha256: string } | undefined {
  try {
    const { tensors, ...meta } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    const isKnown = meta.schemaVersion === 1 && typeof meta.step === 'number' && typeof tensors?.sha256 === 'string';
    return isKnown ? { meta, sha256: tensors.sha256 } : undefined;
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function moveIfThere(fileSystem: CheckpointFileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Makes renames durable where the system can flush folders; Windows cannot. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
