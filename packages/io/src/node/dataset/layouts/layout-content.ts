import type { DatasetManifest } from '../../../dataset/manifest-types.ts';
import type { Finding, FindingCode } from '../../../dataset/verification-report.ts';

/** What the reader of a layout found in a folder. */
export interface LayoutContent {
  /** The cases that are told apart without doubt. */
  readonly manifest: DatasetManifest;
  /** Everything that the layout promises and the folder does not hold, or the other way round. */
  readonly findings: readonly Finding[];
}

/** Where a finding is. */
export interface FindingPlace {
  readonly case?: string;
  readonly file?: string;
}

/** Gathers findings of a layout. */
export class Findings {
  readonly list: Finding[] = [];

  error(code: FindingCode, message: string, hint: string, place: FindingPlace = {}): void {
    this.list.push({ code, severity: 'error', ...place, message, hint });
  }

  warning(code: FindingCode, message: string, hint: string, place: FindingPlace = {}): void {
    this.list.push({ code, severity: 'warning', ...place, message, hint });
  }
}
