import { volumeEnding, volumeStem } from './case-names.ts';

/** What the name of a volume says in a BIDS data set. */
export interface BidsName {
  /** As the folder spells it. */
  readonly path: string;
  readonly suffix: string;
  readonly entities: ReadonlyMap<string, string>;
  /** Subject, session and run: which picture of which patient. Runs are numbers: run-1 is run-01. */
  readonly key: string;
  /** Folder of the pipeline below `derivatives/`; empty for raw data. */
  readonly pipeline: string;
  readonly role: BidsRole;
}

/** What a file is for: an input, something that somebody outlined, known but of no use here, or not to be told. */
export type BidsRole = 'image' | 'annotation' | 'unused' | 'unknown';

const CASE_ENTITIES = ['sub', 'ses', 'run'] as const;

/** Suffixes of images: those of the BIDS schema (anat, pet) and the widespread ones beside it. */
const IMAGES =
  /^(T1w|T2w|T1rho|[TR][12]map|R2starmap|T2star(w|map)?|FLAIR|FLASH|PD(w|map|T2)?|inplaneT[12]|angio|UNIT1|MP2RAGE|M0map|MT(w|S|Rmap|Vmap|sat)|MWFmap|VFA|IRT1|MPM|MESE|MEGRE|Chimap|S0map|pet|ct|CT|CTA|CBCT|MRA|SWI|swi|ADC|adc|T1(c|ce|gd|Gd|C|CE)|T1wCE|T2f|T1n|T2n|PDFF|US)$/;

/** Suffixes of outlines. Only the first three are of BIDS. */
const ANNOTATIONS =
  /^(dseg|mask|roi|seg|aseg|segmentation|segmentations|label|labels|lesion|lesions|lesionmask|contour|contours|outline|manual|gt|groundtruth|annotation|annotations|parc|parcellation|atlas)$/i;

/** Suffixes that BIDS gives to volumes of other kinds. */
const UNUSED =
  /^(probseg|bold|cbv|phase|sbref|epi|dwi|asl|m0scan|events|defacemask|xfm|fieldmap|phasediff|phase[12]|magnitude[12]?|TB1\w+|RB1\w+|boldref|boldmap|statmap|dwimap|cbf|blood)$/;

/** Reads a volume's name; undefined where it names no subject. */
export function parseBidsName(path: string): BidsName | undefined {
  if (volumeEnding(path) === undefined) return undefined;
  const parts = volumeStem(path).normalize('NFC').split('_');
  const entities = new Map<string, string>();
  for (const part of parts.slice(0, -1)) {
    const dash = part.indexOf('-');
    if (dash > 0) entities.set(part.slice(0, dash), part.slice(dash + 1));
  }
  if (!entities.has('sub')) return undefined;
  const suffix = parts[parts.length - 1]!;
  const key = CASE_ENTITIES.flatMap((name) => {
    const value = entities.get(name);
    if (value === undefined) return [];
    return [`${name}-${name === 'run' ? value.replace(/^0+(?=.)/, '') : value}`];
  }).join('_');
  const pipeline = /(?:^|\/)derivatives\/([^/]+)\/(?!.*derivatives\/)/.exec(path)?.[1] ?? '';
  return { path, suffix, entities, key, pipeline, role: roleOf(suffix, entities) };
}

function roleOf(suffix: string, entities: ReadonlyMap<string, string>): BidsRole {
  if (UNUSED.test(suffix)) return 'unused';
  if (ANNOTATIONS.test(suffix) || entities.has('label')) return 'annotation';
  return IMAGES.test(suffix) ? 'image' : 'unknown';
}
