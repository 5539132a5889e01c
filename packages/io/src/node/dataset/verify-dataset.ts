import { readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import type { Dataset, DatasetCase } from '../../dataset/dataset-types.ts';
import { parseJson } from '../../dataset/json-reader.ts';
import type { Finding, VerificationReport } from '../../dataset/verification-report.ts';
import { commonOrientation } from '../../fingerprint/common-orientation.ts';
import { farSpacings } from '../../fingerprint/far-spacings.ts';
import { short } from './label-values.ts';
import { type OpenDatasetOptions, readDataset } from './read-dataset.ts';
import { type CaseFacts, verifyCase } from './verify-case.ts';

export interface VerifyDatasetOptions extends OpenDatasetOptions {
  /** Called after each case. */
  readonly onProgress?: (done: number, total: number, id: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads every file of a data set and reports everything that is wrong with it, not only the first fault.
 *
 * Looked for: files that are absent from, misnamed in or surplus to what the layout promises, and whatever could be
 * meant in two ways; files that are missing, unreadable or truncated; numbers of channels; shapes, spacings and affines that
 * differ between the files of a case; headers that contradict themselves; NaN, infinite and constant images; label values
 * that are not whole, not declared or not annotated; empty label maps, classes that never occur; a number of training cases
 * other than declared; cases with the same voxels; patients in two splits; orientations that differ; spacings far from those
 * of the set. A folder that does not open as a data set is a finding as well.
 *
 * @throws SegError `aborted` when the signal fires; nothing else.
 * @example
 * const report = await verifyDataset('data/hippocampus');
 * if (!report.ok) throw new Error(formatVerificationReport(report));
 */
export async function verifyDataset(
  dataset: Dataset | string,
  options: VerifyDatasetOptions = {},
): Promise<VerificationReport> {
  const { onProgress, signal, ...openOptions } = options;
  let opened: Dataset;
  try {
    opened = typeof dataset === 'string' ? await readDataset(dataset, openOptions) : dataset;
  } catch (error) {
    if (!isSegError(error)) throw error;
    return notOpened(resolve(dataset as string), error);
  }
  const facts = new Map<DatasetCase, CaseFacts>();
  for (const entry of opened.cases) {
    if (signal?.aborted) {
      throw new SegError('aborted', { where: 'verifyDataset', problem: 'stopped by the caller', cause: signal.reason });
    }
    facts.set(entry, await verifyCase(opened, entry));
    onProgress?.(facts.size, opened.cases.length, entry.id);
  }
  const findings = [
    ...opened.findings,
    ...(await caseCountFindings(opened, openOptions.msd?.list ?? 'training')),
    ...wholeSetFindings(opened, facts),
    ...[...facts.values()].flatMap((f) => f.findings),
    ...duplicateFindings(opened, facts),
  ];
  return {
    name: opened.name,
    root: opened.root,
    layout: opened.layout,
    cases: opened.cases.length,
    files: [...facts.values()].reduce((sum, { files }) => sum + files, 0),
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
  };
}

function notOpened(root: string, error: SegError): VerificationReport {
  const errors = error.cause instanceof AggregateError ? (error.cause.errors as SegError[]) : [error];
  const findings = errors.map((e): Finding => {
    const inFolder = e.where.startsWith(root) && e.where !== root;
    const got = e.got === undefined ? '' : ` (${typeof e.got === 'string' ? e.got : JSON.stringify(e.got)})`;
    const expected = typeof e.expected === 'string' ? `; expected ${e.expected}` : '';
    return {
      code: 'unreadable-description',
      severity: 'error',
      ...(inFolder ? { file: relative(root, e.where).split(sep).join('/') } : {}),
      message: `${e.problem}${got}${expected}`.slice(0, 1000),
      hint: e.hint ?? 'Correct the description of the data set.',
    };
  });
  return { name: basename(root), root, layout: undefined, cases: 0, files: 0, ok: false, findings };
}

/** `numTraining` and `numTest` of a `dataset.json` against the cases that were found, which nnU-Net demands to agree. */
async function caseCountFindings({ root, layout, cases }: Dataset, list: string): Promise<Finding[]> {
  if ((layout !== 'msd' && layout !== 'nnunet') || list !== 'training') return [];
  // Gone, or changed since the data set was opened: there is nothing to compare with.
  const text = await readFile(join(root, 'dataset.json'), 'utf8').catch(() => '{}');
  const described = parseJson(root, text);
  const count = (of: string) => cases.filter(({ split = 'training' }) => split === of).length;
  const counts = [
    ['numTraining', count('training'), 'training'],
    ['numTest', count('test'), 'test'],
  ] as const;
  return counts.flatMap(([key, found, kind]): Finding[] => {
    const { value } = described.at(key);
    if (value === undefined || value === found) return [];
    return [
      {
        code: 'case-count',
        severity: 'warning',
        file: 'dataset.json',
        message: `${key} is ${JSON.stringify(value).slice(0, 100)}, but there are ${found} ${kind} case(s)`,
        hint: `Correct ${key}, or look for the cases that are missing.`,
      },
    ];
  });
}

type AllFacts = ReadonlyMap<DatasetCase, CaseFacts>;

function wholeSetFindings(dataset: Dataset, facts: AllFacts): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Finding['severity'], code: Finding['code'], message: string, hint: string) =>
    findings.push({ code, severity, message, hint });
  const annotated = dataset.cases.filter(({ labelPaths }) => labelPaths.length > 0);
  if (dataset.cases.length === 0)
    add('error', 'no-cases', 'the data set has no cases', 'List its cases in the description.');
  else if (annotated.length === 0) {
    add(
      'warning',
      'no-annotated-cases',
      'no case has a label map',
      'Such a set can be predicted on, but not be learned from.',
    );
  }
  const splits = new Map<string, Set<string>>();
  for (const { patient, split } of dataset.cases) {
    if (split !== undefined) splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
  }
  for (const [patient, names] of splits) {
    if (names.size < 2) continue;
    const message = `patient ${patient} is in the splits ${[...names].join(' and ')}`;
    add(
      'error',
      'patient-in-two-splits',
      message,
      'Move all cases of the patient to one split: results would be too good otherwise.',
    );
  }
  const seen = new Set([...facts.values()].flatMap(({ labelValues }) => [...labelValues]));
  for (const { value, name } of annotated.length === 0 ? [] : dataset.labels) {
    if (seen.has(value)) continue;
    add(
      'warning',
      'label-unused',
      `class ${value} (${name}) occurs in no case`,
      'Remove the class, or check the label maps.',
    );
  }
  findings.push(...namesThatDiffer(dataset), ...orientationsThatDiffer(facts), ...spacingsThatDiffer(facts));
  findings.push(...doubtfulHeaders(facts));
  return findings;
}

function namesThatDiffer(dataset: Dataset): Finding[] {
  const names = new Map<number, Map<string, string>>();
  for (const { id, labels } of dataset.cases) {
    for (const { value, name } of labels ?? []) {
      const known = names.get(value) ?? new Map<string, string>();
      names.set(value, known);
      if (!known.has(name)) known.set(name, id);
    }
  }
  const differing = [...names].filter(([, known]) => known.size > 1);
  if (differing.length === 0) return [];
  const [value, known] = differing[0]!;
  const examples = [...known].slice(0, 3).map(([name, id]) => `"${name}" in ${id}`);
  return [
    {
      code: 'label-names-differ',
      severity: 'warning',
      message: `${differing.length} label value(s) mean different things in different cases: ${value} is ${examples.join(', ')}`,
      hint: 'Do not learn from these cases together before their labels are mapped to common values.',
    },
  ];
}

function orientationsThatDiffer(facts: AllFacts): Finding[] {
  const cases = new Map<string, string[]>();
  for (const [{ id }, { grid }] of facts) {
    if (grid !== undefined) cases.set(grid.axisCodes, [...(cases.get(grid.axisCodes) ?? []), id]);
  }
  if (cases.size < 2) return [];
  const groups = [...cases].sort((a, b) => b[1].length - a[1].length);
  const message = groups.map(([codes, ids]) => `${codes} in ${ids.length} case(s), as ${ids[0]}`).join('; ');
  const target = commonOrientation([...facts.values()].flatMap(({ grid }) => grid ?? []));
  return [
    {
      code: 'orientation-differs',
      severity: 'warning',
      message: `the voxel axes run differently: ${message}`,
      hint:
        target === undefined
          ? 'Oblique stacks of thick slices: leave the voxels as stored, since reorienting would lay the slices along different axes.'
          : `Reorient all volumes to ${target} before learning from them (preprocessGeometry, step "reorient").`,
    },
  ];
}

/** Times finer or coarser than the median of the set that cannot be meant, and that is odd. */
const ERROR_FACTOR = 100;
const WARNING_FACTOR = 10;

function spacingsThatDiffer(facts: AllFacts): Finding[] {
  const placed = [...facts].flatMap(([{ id }, { grid }]) => (grid === undefined ? [] : [{ id, grid }]));
  const grids = placed.map(({ grid }) => grid);
  return farSpacings(grids, WARNING_FACTOR).map(({ index, factor, medianMm }): Finding => {
    const { id, grid } = placed[index]!;
    return {
      code: 'spacing-differs',
      severity: factor >= ERROR_FACTOR ? 'error' : 'warning',
      case: id,
      message: `spacing ${grid.spacingMm.map(short).join(' x ')} mm (z, y, x), but the median of the set is ${medianMm.map(short).join(' x ')}`,
      hint: 'Is the header in another unit than mm, or without a spacing? Correct it, or set spacingMm of the case in seg.json.',
    };
  });
}

/** What headers contradict themselves in, once for all files of which the same is to be said. */
function doubtfulHeaders(facts: AllFacts): Finding[] {
  const said = new Map<string, { readonly id: string; readonly file: string }[]>();
  for (const [{ id }, { headerWarnings }] of facts) {
    for (const [message, file] of headerWarnings) said.set(message, [...(said.get(message) ?? []), { id, file }]);
  }
  return [...said].map(([message, places]): Finding => {
    const { id, file } = places[0]!;
    const one = places.length === 1;
    return {
      code: 'header-doubtful',
      severity: 'warning',
      ...(one ? { case: id } : {}),
      file,
      message: `${message}${one ? '' : ` (so in ${places.length} cases)`}`,
      hint: 'All commands read it so; correct the header where something else is meant.',
    };
  });
}

function duplicateFindings(dataset: Dataset, facts: AllFacts): Finding[] {
  const findings: Finding[] = [];
  const images = new Map<string, DatasetCase>();
  const labels = new Map<string, { readonly entry: DatasetCase; readonly path: string }>();
  for (const [entry, { imageHash, labelHashes }] of facts) {
    const twin = imageHash === undefined ? undefined : images.get(imageHash);
    if (twin !== undefined) {
      const crossing = twin.split !== entry.split;
      const patients =
        twin.patient === entry.patient ? 'the same patient' : `patients ${twin.patient} and ${entry.patient}`;
      findings.push({
        code: 'duplicate-image',
        severity: crossing ? 'error' : 'warning',
        case: entry.id,
        file: relative(dataset.root, entry.imagePaths[0]!).split(sep).join('/'),
        message: `the same voxels as case ${twin.id}, ${patients}${crossing ? ', in another split' : ''}`,
        hint: 'Keep one of the two, or give both the same patient so that they stay on one side of a split.',
      });
    } else if (imageHash !== undefined) images.set(imageHash, entry);
    for (const [path, hash] of labelHashes) {
      const other = labels.get(hash);
      if (other === undefined) labels.set(hash, { entry, path });
      else if (other.path !== path) {
        const nameOf = (p: string) => relative(dataset.root, p).split(sep).join('/');
        findings.push({
          code: 'duplicate-label',
          severity: 'warning',
          case: entry.id,
          file: nameOf(path),
          message: `the same label map as ${nameOf(other.path)} of case ${other.entry.id}`,
          hint: 'One of the two may have been copied by mistake; check that each belongs to its image.',
        });
      }
    }
  }
  return findings;
}
