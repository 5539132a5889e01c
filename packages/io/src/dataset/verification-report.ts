/** What is wrong, in one word, for programs: stable across releases, unlike the message. */
export type FindingCode =
  | 'unreadable-description'
  | 'no-cases'
  | 'no-annotated-cases'
  | 'case-count'
  | 'ambiguous'
  | 'missing-image'
  | 'missing-label'
  | 'missing-channel'
  | 'stray-file'
  | 'listed-twice'
  | 'missing-file'
  | 'unreadable-file'
  | 'channel-count'
  | 'shape-mismatch'
  | 'affine-mismatch'
  | 'spacing-mismatch'
  | 'implausible-spacing'
  | 'spacing-differs'
  | 'header-doubtful'
  | 'not-finite'
  | 'constant-image'
  | 'label-not-integer'
  | 'label-undeclared'
  | 'label-not-annotated'
  | 'label-empty'
  | 'label-unused'
  | 'label-names-differ'
  | 'duplicate-image'
  | 'duplicate-label'
  | 'patient-in-two-splits'
  | 'orientation-differs';

/** One thing that is wrong (`error`: training on it fails or learns the wrong thing) or odd (`warning`). */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  /** The case's id, where the finding is about one. */
  readonly case?: string;
  /** The file, relative to the data set's folder where it lies in it. */
  readonly file?: string;
  /** What was found, with numbers. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** A finding in one line: its place, what was found, and its code. */
export function describeFinding(finding: Finding): string {
  const place = [finding.case === undefined ? [] : [`case ${finding.case}`], finding.file ?? []].flat().join(', ');
  return `${place === '' ? '' : `${place}: `}${finding.message} [${finding.code}]`;
}

/** Everything that the verification of a data set found; plain JSON. */
export interface VerificationReport {
  readonly name: string;
  readonly root: string;
  readonly layout: string | undefined;
  readonly cases: number;
  /** Files that were read. */
  readonly files: number;
  /** No error; there may be warnings. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** The report as text for people: errors first, one line a finding with its cure below. */
export function formatVerificationReport(report: VerificationReport): string {
  const count = (severity: Finding['severity']) => report.findings.filter((f) => f.severity === severity).length;
  const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const lines = [
    `${report.name} (${report.layout ?? 'not opened'}): ${plural(report.cases, 'case')}, ${plural(report.files, 'file')} read`,
  ];
  for (const severity of ['error', 'warning'] as const) {
    for (const finding of report.findings) {
      if (finding.severity !== severity) continue;
      lines.push(`${severity}: ${describeFinding(finding)}`, `    ${finding.hint}`);
    }
  }
  lines.push(`${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}`);
  return `${lines.join('\n')}\n`;
}
