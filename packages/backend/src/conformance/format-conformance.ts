import type { ConformanceResult, Verdict } from './check-case.ts';

/** Results as a table in Markdown, one row a case. */
export function formatConformance(results: readonly ConformanceResult[]): string {
  const rows = results.map((r) => [
    r.op,
    r.case,
    cell(r.forward, r.forwardError),
    cell(r.gradient, r.gradientError),
    [r.message ?? '', r.leaked === 0 ? '' : `${r.leaked} tensors left`].filter((text) => text !== '').join('; '),
  ]);
  const lines = [['op', 'case', 'forward', 'gradient', ''], ['---', '---', '---', '---', '---'], ...rows];
  return `${lines.map((row) => `| ${row.map(plain).join(' | ')} |`).join('\n')}\n`;
}

function cell(verdict: Verdict, error: number | undefined): string {
  if (verdict === 'wrong') return Number.isFinite(error) ? `**wrong** (${error!.toExponential(0)})` : '**wrong**';
  return { ok: 'ok', throws: '**throws**', none: '-' }[verdict];
}

const plain = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
