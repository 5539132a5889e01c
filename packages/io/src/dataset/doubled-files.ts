import { sameName } from './case-names.ts';
import type { DatasetManifest, ManifestCase } from './manifest-types.ts';
import type { Finding } from './verification-report.ts';

/** Files that a description names where they cannot both be meant: as input and as label map, or twice in one case. */
export function findDoubledFiles({ cases }: Pick<DatasetManifest, 'cases'>): readonly Finding[] {
  const findings: Finding[] = [];
  const labelsOf = ({ label = [] }: ManifestCase) => (typeof label === 'string' ? [label] : label);
  const imageOf = new Map(cases.flatMap(({ id, images }) => images.map((path) => [sameName(path), id] as const)));
  const labelOf = new Map<string, string>();
  const add = (severity: Finding['severity'], id: string, file: string, message: string, hint: string) =>
    findings.push({ code: 'listed-twice', severity, case: id, file, message, hint });
  const repeated = (paths: readonly string[]) => paths.filter((path, i) => paths.indexOf(path) < i);
  for (const entry of cases) {
    const { id } = entry;
    const labels = labelsOf(entry);
    for (const path of repeated(entry.images)) {
      add('error', id, path, 'the file is listed for two channels of one case', 'List one file a channel.');
    }
    for (const path of repeated(labels)) {
      add('error', id, path, 'the file is listed for two readers of one case', 'List one label map a reader.');
    }
    for (const path of new Set(labels)) {
      const image = imageOf.get(sameName(path));
      if (image !== undefined) {
        const message = `the file is an image of case ${image} and a label map: an annotation is never an input`;
        add('error', id, path, message, 'Name the image and its label map apart.');
      }
      const other = labelOf.get(sameName(path));
      if (other !== undefined) {
        add('warning', id, path, `the label map of case ${other} as well`, 'Check that it belongs to both images.');
      } else labelOf.set(sameName(path), id);
    }
  }
  return findings;
}
