/** File endings of volumes that the readers know, longest first. */
export const VOLUME_ENDINGS: readonly string[] = ['.nii.gz', '.nii', '.nrrd', '.nhdr', '.mha', '.mhd', '.hdr'];

/** The ending of a volume's file name in lower case, or undefined where it is no volume. */
export function volumeEnding(path: string): string | undefined {
  const lower = path.toLowerCase();
  return VOLUME_ENDINGS.find((ending) => lower.endsWith(ending));
}

/** File name without folders and volume ending. */
export function volumeStem(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.slice(0, name.length - (volumeEnding(name)?.length ?? 0));
}

/** A name in one normal form: macOS and Linux may spell the same letters (é, ü, 가) with different code points. */
export function sameName(name: string): string {
  return name.normalize('NFC');
}

/** Endings of the voxels that go with a header file of the same name. */
const DATA_FILE = /\.(raw|zraw|img|raw\.gz|img\.gz|gz)$/i;

/** Whether a file holds the voxels of a header file (`.mhd`, `.nhdr`, `.hdr`) that is among the paths. */
export function isDataFile(path: string, paths: ReadonlySet<string>): boolean {
  const stem = path.replace(DATA_FILE, '');
  return stem !== path && ['.mhd', '.nhdr', '.hdr'].some((ending) => paths.has(stem + ending));
}

/** Splits nnU-Net's `case_0001` into the case and the channel number; undefined where there is no such suffix. */
export function splitChannelSuffix(stem: string): { readonly id: string; readonly channel: number } | undefined {
  const match = /^(.+)_(\d{4})$/.exec(stem);
  return match === null ? undefined : { id: match[1]!, channel: Number(match[2]) };
}

/**
 * The patient that a case id names, by the two widespread conventions: BIDS (`sub-01_ses-2` is of `sub-01`) and time
 * frames (`patient007_frame12` is of `patient007`); otherwise undefined.
 */
export function patientOfId(id: string): string | undefined {
  return /^(sub-[A-Za-z0-9]+)_/.exec(id)?.[1] ?? /^(.+?)_frame\d+$/i.exec(id)?.[1];
}

/** Ids for files: their stems, or folder and stem where stems repeat. */
export function idsOfFiles(paths: readonly string[], stemOf: (path: string) => string = volumeStem): readonly string[] {
  const counts = new Map<string, Set<string>>();
  for (const path of paths) {
    const stem = stemOf(path);
    counts.set(stem, (counts.get(stem) ?? new Set()).add(path));
  }
  return paths.map((path) => {
    const stem = stemOf(path);
    const folder = path.slice(0, path.length - (path.length - path.lastIndexOf('/')));
    return counts.get(stem)!.size === 1 || folder === '' ? stem : `${folder.replaceAll('/', '_')}_${stem}`;
  });
}
