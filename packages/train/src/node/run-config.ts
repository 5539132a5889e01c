import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOption, SegError } from '@seg/core';
import type { DatasetLayout, ImageNaming } from '@seg/io';
import { writeFileAtomic } from '@seg/io/node';
import type { Budget } from '../fit/phase-plan.ts';
import type { JsonValue } from '../json.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';

/** The contents of a run's `config.json`: everything that the training is a function of. */
export interface RunConfig {
  readonly schemaVersion: 1;
  readonly method: string;
  readonly methodOptions: JsonValue;
  readonly seed: number;
  /** Name of the tfjs backend that the run began on. */
  readonly backend: string;
  readonly budget: Budget;
  readonly checkpointEvery?: number;
  readonly data: {
    /** Absolute path. */
    readonly root: string;
    /** How the folder was read; absent in runs of earlier versions. */
    readonly layout?: DatasetLayout;
    /** Whether links that lead out of the folder were followed; default false. */
    readonly allowLinksOutside?: boolean;
    readonly name: string;
    readonly channels: readonly string[];
    /** Foreground classes; class 1 is the first. */
    readonly labels: readonly { readonly value: number; readonly name: string }[];
    readonly ignoreLabel?: number;
    /** Case ids. */
    readonly train: readonly string[];
    readonly validation: readonly string[];
    /** Which files make one image of the data set; absent in runs of older versions. */
    readonly images?: ImageNaming;
    /** Hash of each case's voxels and labels by id, by which a moved data set is known; absent in older runs. */
    readonly hashes?: Readonly<Record<string, string>>;
  };
  readonly plan: TrainingPlan;
  /** What was changed when the run was resumed, oldest first. */
  readonly changes?: readonly RunChange[];
}

/** The state of a run before a change: its budget, or the place of its data. */
export interface RunChange {
  /** Steps that were done. */
  readonly step: number;
  /** Minutes of training that were done. */
  readonly minutes: number;
  /** The budget until then, where it was changed. */
  readonly budget?: Budget;
  /** The data set's folder until then, where it was moved. */
  readonly root?: string;
}

const FILE = 'config.json';

/** Writes a run's configuration. */
export async function writeRunConfig(run: string, config: RunConfig): Promise<void> {
  await writeFileAtomic(join(run, FILE), `${JSON.stringify(config, undefined, 2)}\n`);
}

/**
 * Reads a run's configuration.
 *
 * @throws SegError `not-found` when the folder is no run, `corrupt-data` when the file is damaged.
 */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const path = join(run, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SegError('not-found', {
      where: path,
      problem: 'not a run',
      hint: 'Give the folder that `seg train --out` wrote.',
      cause,
    });
  }
  let config: Partial<RunConfig> | undefined;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new SegError('corrupt-data', { where: path, problem: 'not valid JSON', cause });
  }
  const isKnown =
    config?.schemaVersion === 1 &&
    typeof config.method === 'string' &&
    Array.isArray(config.data?.train) &&
    Array.isArray(config.data?.labels) &&
    Array.isArray(config.plan?.patchSize) &&
    typeof config.plan.network === 'object';
  if (!isKnown) {
    throw new SegError('corrupt-data', {
      where: path,
      problem: 'not a configuration of a run that this version knows',
      got: config?.schemaVersion,
      expected: 'schemaVersion 1',
    });
  }
  const naming = config?.data?.images?.kind;
  if (naming !== undefined) checkOption(path, 'data.images.kind', naming, ['whole', 'marked', 'bids', 'listed']);
  return withNetworkKind(config as RunConfig);
}

/** Runs of earlier versions knew one kind of network and did not name it. */
function withNetworkKind(config: RunConfig): RunConfig {
  const { plan } = config;
  return { ...config, plan: { ...plan, network: { ...plan.network, kind: plan.network.kind ?? 'unet3d' } } };
}
