import { SegError } from '@seg/core';

/** The map at one moment of the training. */
export interface LatentRecord {
  readonly step: number;
  readonly latents: Readonly<Record<string, readonly number[]>>;
  /** Largest `HyperNetwork.saturation` of all cases: from 3 on weights stick to their bound; raise `hyper.bound` then. */
  readonly saturation?: number;
}

/** One line of a history file (JSON lines), with its line break. */
export function formatLatentRecord(record: LatentRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/**
 * Reads the history of a map back from JSON lines. A last line that was cut off (an interrupted run) is left out; of
 * several records of one step (a resumed run) the last counts.
 *
 * @throws SegError `corrupt-data` for any other line that is no record.
 */
export function parseLatentHistory(text: string): LatentRecord[] {
  const lines = text.split('\n');
  const records = new Map<number, LatentRecord>();
  lines.forEach((line, i) => {
    if (line === '') return;
    const record = parseLine(line);
    if (record !== undefined) records.set(record.step, record);
    else if (i < lines.length - 1) {
      throw new SegError('corrupt-data', {
        where: 'parseLatentHistory',
        problem: `line ${i + 1} is no record of latents`,
        got: line.slice(0, 60),
      });
    }
  });
  return [...records.values()].sort((a, b) => a.step - b.step);
}

function parseLine(line: string): LatentRecord | undefined {
  try {
    const value = JSON.parse(line) as Partial<LatentRecord> | null;
    const { step, latents, saturation } = value ?? {};
    if (!Number.isInteger(step) || typeof latents !== 'object' || latents === null) return undefined;
    const isVector = (v: unknown) => Array.isArray(v) && v.every((n) => typeof n === 'number');
    if (!Object.values(latents).every(isVector)) return undefined;
    return { step: step!, latents, ...(typeof saturation === 'number' ? { saturation } : {}) };
  } catch {
    return undefined;
  }
}
