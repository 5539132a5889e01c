import type { BidsName } from '../../../dataset/bids-name.ts';
import { listNames } from '../../../dataset/name-list.ts';
import type { Findings } from './layout-content.ts';

/** Paths of a case's images by suffix. */
export type CaseImages = ReadonlyMap<string, string>;

/** Entities that tell acquisitions of one suffix apart; an annotation that has them is of that acquisition. */
const ACQUISITION = ['acq', 'ce', 'rec', 'dir', 'echo', 'inv', 'part', 'chunk'] as const;

const HOW_TO_SAY = 'Write a seg.json that names the images of each case, or move what is not meant out of the folder.';

/** The images of each case, one a suffix, on the grid of its annotation. Several that fit are reported. */
export function chooseImages(
  images: readonly BidsName[],
  labelOf: ReadonlyMap<string, BidsName>,
  findings: Findings,
): ReadonlyMap<string, CaseImages> {
  const pipelines = new Set([...labelOf.values()].map(({ pipeline }) => pipeline));
  const ofCase = new Map<string, BidsName[]>();
  for (const file of images) ofCase.set(file.key, [...(ofCase.get(file.key) ?? []), file]);
  const result = new Map<string, CaseImages>();
  for (const [key, files] of ofCase) {
    const label = labelOf.get(key);
    const fitting = files.filter((file) => fits(file, label));
    if (fitting.length === 0 && label !== undefined) {
      const message = `no image fits this annotation in space and acquisition; there are ${listNames(files.map(({ path }) => path))}`;
      findings.error('missing-image', message, HOW_TO_SAY, { case: key, file: label.path });
    }
    const found = new Map<string, string>();
    for (const suffix of new Set(fitting.map((file) => file.suffix))) {
      const same = fitting.filter((file) => file.suffix === suffix);
      const chosen = preferPreprocessed(same, label === undefined ? pipelines : new Set([label.pipeline]));
      found.set(suffix, chosen[0]!.path);
      if (chosen.length > 1) {
        const message = `several ${suffix} images of ${key} fit: ${chosen.map(({ path }) => path).join(', ')}`;
        findings.error('ambiguous', message, HOW_TO_SAY, { case: key });
      }
    }
    if (found.size > 0) result.set(key, found);
  }
  return result;
}

function fits({ entities }: BidsName, label: BidsName | undefined): boolean {
  const named = label?.entities.get('space');
  const space = named === 'orig' ? undefined : named; // space-orig is the raw image's own grid
  if (entities.get('space') !== space) return false;
  return ACQUISITION.every((name) => {
    const value = label?.entities.get(name);
    return value === undefined || value === entities.get(name);
  });
}

/** A pipeline's segmentation lies on the grid of the image that the same pipeline preprocessed. */
function preferPreprocessed(files: readonly BidsName[], pipelines: ReadonlySet<string>): readonly BidsName[] {
  const own = files.filter(({ entities, pipeline }) => entities.get('desc') === 'preproc' && pipelines.has(pipeline));
  return own.length > 0 ? own : files;
}
