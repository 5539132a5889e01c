import { volumeStem } from './case-names.ts';

/** What the name of a volume says in a BIDS data set. */
export interface BidsName {
  /** As the folder spells it. */
  readonly path: string;
  /** The last part, such as `T1w` or `dseg`. */
  readonly suffix: string;
  /** `sub-01_ses-2` as sub: 01, ses: 2, in order. */
  readonly entities: ReadonlyMap<string, string>;
  /** Subject, session and run: which picture of which patient. */
  readonly key: string;
}

const CASE_ENTITIES = ['sub', 'ses', 'run'] as const;

/** Reads a volume's name; undefined where it names no subject. */
export function parseBidsName(path: string): BidsName | undefined {
  const parts = volumeStem(path).normalize('NFC').split('_');
  const entities = new Map<string, string>();
  for (const part of parts.slice(0, -1)) {
    const dash = part.indexOf('-');
    if (dash > 0) entities.set(part.slice(0, dash), part.slice(dash + 1));
  }
  if (!entities.has('sub')) return undefined;
  const key = CASE_ENTITIES.flatMap((name) => (entities.has(name) ? [`${name}-${entities.get(name)}`] : [])).join('_');
  return { path, suffix: parts[parts.length - 1]!, entities, key };
}
