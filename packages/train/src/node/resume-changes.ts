import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import type { Dataset, DatasetCase } from '@seg/io';
import type { CheckpointMeta } from '../fit/checkpoint.ts';
import type { Budget } from '../fit/phase-plan.ts';
import { openRunDataset } from './open-run-dataset.ts';
import type { RunChange, RunConfig } from './run-config.ts';

/** A run's data set, opened again, with the cases that the run uses. */
export interface RunData {
  readonly dataset: Dataset;
  readonly train: readonly DatasetCase[];
  readonly validation: readonly DatasetCase[];
}

/**
 * Opens the data set of a run, where it was or where it has been moved to.
 *
 * @throws SegError `not-found` where it is gone or lacks cases, `invalid-argument` where its channels or classes are
 * others than those of the run.
 */
export async function openRunData(run: string, { data }: RunConfig, moved: string | undefined): Promise<RunData> {
  if (moved === undefined && (await stat(data.root).catch(() => undefined)) === undefined) {
    throw new SegError('not-found', {
      where: join(run, 'config.json'),
      problem: `the run's data set is no longer at data.root, ${data.root}`,
      hint: `If it was moved, say where it is now: seg train --resume ${run} --data DIR`,
    });
  }
  const dataset = await openRunDataset({ data: { ...data, root: moved ?? data.root } });
  const classes = (labels: Dataset['labels']) => labels.map(({ value }) => value).join();
  const differing: [string, unknown, unknown][] = [
    ['channels', dataset.channels, data.channels],
    ['classes', classes(dataset.labels), classes(data.labels)],
    ['ignore label', dataset.ignoreLabel ?? 'none', data.ignoreLabel ?? 'none'],
  ];
  for (const [what, got, expected] of differing) {
    if (JSON.stringify(got) !== JSON.stringify(expected)) {
      throw otherDataset(dataset, `its ${what} are not those of the run`, got, expected);
    }
  }
  const cases = casesOf(dataset, [...data.train, ...data.validation]);
  const { length } = data.train;
  return { dataset, train: cases.slice(0, length), validation: cases.slice(length) };
}

/**
 * Compares the contents of cases with those that the run began with.
 *
 * @returns a sentence about cases that have changed where they lie; undefined where all are the same.
 * @throws SegError `invalid-argument` where a data set was named in which they are others.
 */
export function compareCases(
  dataset: Dataset,
  { data }: RunConfig,
  found: Readonly<Record<string, string>>,
  isMoved: boolean,
): string | undefined {
  if (data.hashes === undefined) {
    return isMoved ? 'the run is older than the record of its cases: only their names were compared' : undefined;
  }
  const others = Object.keys(found).filter((id) => data.hashes![id] !== undefined && data.hashes![id] !== found[id]);
  if (others.length === 0) return undefined;
  const named = `${others.slice(0, 5).join(', ')}${others.length > 5 ? `, and ${others.length - 5} more` : ''}`;
  if (!isMoved) return `${others.length} case(s) have changed since the run began: ${named}`;
  throw otherDataset(dataset, `the images or labels of ${others.length} case(s) are others`, named, 'the same voxels');
}

/**
 * The configuration with a new total of steps or minutes, or another place of the data set, and the record of it.
 *
 * @throws SegError `invalid-argument` where the run has already done as much.
 */
export function changeConfig(
  config: RunConfig,
  changes: { readonly budget?: Budget | undefined; readonly root?: string },
  at: Pick<CheckpointMeta, 'step' | 'elapsedMs'>,
): RunConfig {
  const minutes = at.elapsedMs / 60_000;
  const budget = changes.budget ?? config.budget;
  const root = changes.root ?? config.data.root;
  if (changes.budget !== undefined) {
    const done = 'steps' in budget ? budget.steps <= at.step : budget.minutes <= minutes;
    if (done) {
      throw new SegError('invalid-argument', {
        where: 'resumeRun',
        problem: `the run has already done ${at.step} steps in ${minutes.toFixed(2)} minutes of training`,
        got: budget,
        expected: 'a larger total of steps or minutes',
        hint: '--steps and --minutes are totals of the run: what it has done counts.',
      });
    }
  }
  const change: RunChange = {
    step: at.step,
    minutes: Number(minutes.toFixed(3)),
    ...(JSON.stringify(budget) === JSON.stringify(config.budget) ? {} : { budget: config.budget }),
    ...(root === config.data.root ? {} : { root: config.data.root }),
  };
  if (change.budget === undefined && change.root === undefined) return config;
  return { ...config, budget, data: { ...config.data, root }, changes: [...(config.changes ?? []), change] };
}

function casesOf(dataset: Dataset, ids: readonly string[]): readonly DatasetCase[] {
  const byId = new Map(dataset.cases.map((item) => [item.id, item]));
  const missing = ids.filter((id) => !byId.has(id));
  if (missing.length > 0) {
    throw new SegError('not-found', {
      where: dataset.root,
      problem: `${missing.length} case(s) that the run was trained on are gone`,
      got: missing.slice(0, 5),
      hint: 'Restore the data set as it was when the run began, or name the folder where it is now with --data.',
    });
  }
  return ids.map((id) => byId.get(id)!);
}

function otherDataset({ root }: Dataset, problem: string, got: unknown, expected: unknown): SegError {
  return new SegError('invalid-argument', {
    where: root,
    problem: `this is not the data set of the run: ${problem}`,
    got,
    expected,
    hint: 'A run goes on with the data that it began with; for other data begin a new run.',
  });
}
