import type { BidsName } from '../../../dataset/bids-name.ts';
import { listNames } from '../../../dataset/name-list.ts';
import type { Findings } from './layout-content.ts';

const HOW_TO_SAY =
  'Write a seg.json that names the label map of each case ("label" may list one file a reader), or move what is not meant out of the folder.';

/**
 * The label map of each case. Several for one case, and label maps of different kinds in different cases, are
 * reported: nothing says which one is meant. Brain masks beside other annotations are by-products.
 */
export function chooseAnnotations(
  annotations: readonly BidsName[],
  images: readonly BidsName[],
  findings: Findings,
): ReadonlyMap<string, BidsName> {
  const meant = annotations.filter((file) => !isBrainMask(file));
  const chosen = meant.length > 0 ? meant : annotations;
  if (meant.length > 0 && meant.length < annotations.length) {
    const masks = annotations.filter(isBrainMask).map(({ path }) => path);
    const message = `${masks.length} brain mask(s) are not used beside the other annotations: ${listNames(masks)}`;
    findings.warning('stray-file', message, 'A seg.json can name them as label maps.');
  }
  const ofCase = new Map<string, BidsName[]>();
  for (const file of chosen) ofCase.set(file.key, [...(ofCase.get(file.key) ?? []), file]);
  const labelOf = new Map<string, BidsName>();
  const kinds = new Map<string, string[]>();
  for (const [key, files] of [...ofCase].sort(([a], [b]) => (a < b ? -1 : 1))) {
    labelOf.set(key, files[0]!);
    if (files.length > 1) {
      const message = `${files.length} annotations of one case: ${files.map(({ path }) => path).join(', ')}; either could be the label map, or each the one of a reader`;
      findings.error('ambiguous', message, HOW_TO_SAY, { case: key });
    } else kinds.set(kindOf(files[0]!), [...(kinds.get(kindOf(files[0]!)) ?? []), key]);
  }
  if (kinds.size > 1) {
    const list = [...kinds].map(([kind, keys]) => `${kind} in ${listNames(keys)}`).join('; ');
    const message = `the annotations are of ${kinds.size} kinds, which may not mean the same: ${list}`;
    findings.error('ambiguous', message, HOW_TO_SAY);
  }
  reportWithoutImage(labelOf, images, findings);
  return labelOf;
}

function isBrainMask({ suffix, entities }: BidsName): boolean {
  return suffix === 'mask' && (entities.get('desc') === 'brain' || entities.get('label') === 'brain');
}

function kindOf({ suffix, entities }: BidsName): string {
  const parts = ['space', 'atlas', 'label', 'desc'].flatMap((name) =>
    entities.has(name) ? [`${name}-${entities.get(name)}`] : [],
  );
  return `_${[...parts, suffix].join('_')}`;
}

function reportWithoutImage(
  labelOf: ReadonlyMap<string, BidsName>,
  images: readonly BidsName[],
  findings: Findings,
): void {
  const keys = new Set(images.map(({ key }) => key));
  for (const [key, file] of labelOf) {
    if (keys.has(key)) continue;
    const subject = file.entities.get('sub');
    const others = images.filter(({ entities }) => entities.get('sub') === subject).map(({ path }) => path);
    const near = others.length === 0 ? 'the subject has no image' : `the subject has ${listNames(others)}`;
    const message = `no image of ${key} for this annotation; ${near}`;
    const hint = 'Subject, session and run must be the same in both names; add the image or remove the annotation.';
    findings.error('missing-image', message, hint, { case: key, file: file.path });
  }
}
