import { nextTask, SegError, type Volume } from '@seg/core';
import {
  axisCodesOf,
  commonOrientation,
  type Dataset,
  type DatasetCase,
  describeFinding,
  farSpacings,
  reorient,
  type StoredGrid,
} from '@seg/io';
import { type OpenDatasetOptions, openDataset } from '@seg/io/node';
import { IGNORED_CLASS } from '@seg/train';
import { type MapCase, type MapCaseOptions, measureExtent, prepareMapCase } from '../cases/map-case.ts';
import { turnExtent } from '../cases/turn-extent.ts';
import type { CaseExtent, WorkingGrid } from '../cases/working-grid.ts';

/** A labelled case of a curation. */
export interface CurationCase {
  readonly item: DatasetCase;
  readonly working: MapCase;
  /** Axes to which the scan was turned. */
  readonly axisCodes: string;
}

export interface ReadCasesOptions<Plan> {
  readonly data: string;
  /** How the folder is read. */
  readonly dataset?: Pick<OpenDatasetOptions, 'layout' | 'allowLinksOutside'>;
  /** Label values that form the foreground; default: all of the data set. */
  readonly labels?: readonly number[];
  readonly signal?: AbortSignal;
  readonly warn: (message: string) => void;
  /** Called for each of the two passes over the cases. */
  readonly onRead: (done: number, total: number) => void;
  /** Chooses the grid once every case is measured; `unread` is the part of the scans that has to be read again. */
  readonly plan: (
    extents: readonly CaseExtent[],
    known: { readonly channels: number; readonly unread: number },
  ) => Plan | Promise<Plan>;
}

export interface CasesRead<Plan> {
  readonly dataset: Dataset;
  readonly cases: readonly CurationCase[];
  readonly foreground: MapCaseOptions;
  readonly plan: Plan;
}

const LEAST_CASES = 8;
/** Scans up to this many bytes stay in memory between the two passes over them. */
const KEPT_BYTES = 1 << 30;

/**
 * Reads the cases of a data set that are annotated for all labels looked at, and brings them onto one grid with their
 * axes alike.
 *
 * @throws SegError `invalid-argument` for fewer than 8 such cases, labels that the data set does not have or that no case
 * has, and what reading the data set throws.
 */
export async function readCases<Plan extends { readonly grid: WorkingGrid }>(
  options: ReadCasesOptions<Plan>,
): Promise<CasesRead<Plan>> {
  const { data, signal, warn, onRead } = options;
  const dataset = await openDataset(data, options.dataset);
  for (const finding of dataset.findings) warn(describeFinding(finding));
  const { ignoreLabel } = dataset;
  const declared = dataset.labels.map(({ value }) => value);
  const wanted = options.labels ?? declared;
  checkDeclared(wanted, declared);
  const foreground: MapCaseOptions = {
    ...(options.labels === undefined ? {} : { labels: wanted }),
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
  };
  const items = annotatedCases(dataset, wanted, warn);
  const extents: CaseExtent[] = [];
  const grids: StoredGrid[] = [];
  const kept = new Map<string, LoadedCase>();
  let keptBytes = 0;
  for (const item of items) {
    await nextTask();
    signal?.throwIfAborted();
    const loaded = await loadCase(item);
    extents.push(measureExtent(loaded.image, loaded.label, foreground));
    grids.push({ axisCodes: axisCodesOf(loaded.image.affine), spacingMm: loaded.image.spacingMm });
    keptBytes += loaded.image.data.byteLength + loaded.label.data.byteLength;
    if (keptBytes <= KEPT_BYTES) kept.set(item.id, loaded);
    onRead(extents.length, 2 * items.length);
  }
  if (extents.every(({ labelMm }) => labelMm === undefined)) {
    refuse({ problem: `no case has a voxel of label ${wanted.join(', ')}`, got: items.length });
  }
  refuseFarSpacings(items, grids);
  const common = commonOrientation(grids);
  if (common === undefined)
    warn('scans are stored in different orientations that cannot be brought to one (oblique stacks): used as stored');
  // As stored where turning would lay slices along different axes.
  const axes = grids.map(({ axisCodes }) => common ?? axisCodes);
  const turned = extents.map((extent, i) => turnExtent(extent, grids[i]!.axisCodes, axes[i]!));
  const unread = 1 - kept.size / items.length;
  const plan = await options.plan(turned, { channels: dataset.channels.length, unread });
  const cases: CurationCase[] = [];
  for (const [i, item] of items.entries()) {
    await nextTask(); // kept scans are prepared without waiting for anything
    signal?.throwIfAborted();
    const { image, label } = kept.get(item.id) ?? (await loadCase(item));
    kept.delete(item.id);
    const axisCodes = axes[i]!;
    const [image3d, label3d] = [reorient(image, axisCodes), reorient(label, axisCodes)];
    const mapCase = { ...foreground, patient: item.patient };
    cases.push({ item, working: prepareMapCase(item.id, image3d, label3d, plan.grid, mapCase), axisCodes });
    onRead(items.length + cases.length, 2 * items.length);
  }
  const seen = cases.filter(({ working }) => working.label.some((value) => value !== IGNORED_CLASS));
  if (seen.length < cases.length) {
    warn(
      `${cases.length - seen.length} of ${cases.length} cases are left out: nothing of what is looked at is annotated`,
    );
    checkCount(seen.length, cases.length, wanted);
  }
  return { dataset, cases: seen, foreground, plan };
}

/** Times coarser or finer than the median of the set that cannot be meant. */
const FAR = 100;

function refuseFarSpacings(items: readonly DatasetCase[], grids: readonly StoredGrid[]): void {
  const far = farSpacings(grids, FAR).map(({ index, medianMm }) => {
    const numbers = (mm: readonly number[]) => mm.map((n) => Number(n.toPrecision(4))).join(' x ');
    return `case ${items[index]!.id}: spacing ${numbers(grids[index]!.spacingMm)} mm (z, y, x), the median of the set is ${numbers(medianMm)}`;
  });
  if (far.length === 0) return;
  throw new SegError('limit-exceeded', {
    where: 'curateDataset',
    problem: far.join('; '),
    hint: 'Is the header in another unit than mm, or without a spacing? Correct it.',
  });
}

function annotatedCases(
  dataset: Dataset,
  wanted: readonly number[],
  warn: (message: string) => void,
): readonly DatasetCase[] {
  const withLabel = dataset.cases.filter((c) => c.labelPaths.length > 0);
  const annotated = withLabel.filter((c) => wanted.every((v) => c.annotatedLabels?.includes(v) !== false));
  checkCount(annotated.length, withLabel.length, wanted);
  const left = withLabel.length - annotated.length;
  if (left > 0)
    warn(`${left} of ${withLabel.length} cases are left out: not annotated for all of ${wanted.join(', ')}`);
  return annotated;
}

function checkDeclared(wanted: readonly number[], declared: readonly number[]): void {
  const unknown = wanted.filter((value) => !declared.includes(value));
  if (unknown.length > 0) {
    refuse({ problem: 'the data set has no such label', got: unknown, expected: `any of ${declared.join(', ')}` });
  }
}

function checkCount(count: number, labelled: number, wanted: readonly number[]): void {
  if (count >= LEAST_CASES) return;
  refuse({
    problem: `a map needs ${LEAST_CASES} labelled cases at least, annotated for label ${wanted.join(', ')}`,
    got: { annotated: count, labelled },
    expected: `${LEAST_CASES} or more`,
  });
}

function refuse(details: { readonly problem: string; readonly got: unknown; readonly expected?: unknown }): never {
  throw new SegError('invalid-argument', { where: 'curateDataset', ...details });
}

interface LoadedCase {
  readonly image: Volume;
  readonly label: Volume;
}

/** A scan, and its label on the same axes. */
async function loadCase(item: DatasetCase): Promise<LoadedCase> {
  const image = await item.loadImage();
  return { image, label: reorient(await item.loadLabel(), axisCodesOf(image.affine)) };
}
