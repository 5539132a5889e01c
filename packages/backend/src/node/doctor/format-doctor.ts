import type { DoctorReport } from './report.ts';

/** A report as text for people: facts, backends, what their kernels hold, then advice. */
export function formatDoctor(report: DoctorReport): string {
  const { memory, revectorizer } = report;
  const gain = revectorizer.gain === null ? '' : `${revectorizer.gain.toFixed(2)} times the speed, `;
  const facts: (readonly [string, string])[] = [
    ['Node', `${report.node.version} (V8 ${report.node.v8})`],
    ['system', report.platform],
    ['processor', `${report.processor}, ${report.cores} cores usable`],
    ['memory', `${size(memory.totalBytes)}, ${size(memory.freeBytes)} free, limit ${size(memory.limitBytes)}`],
    ['GPU driver', report.gpuDriver ?? 'none'],
    ['SIMD', { none: 'none', simd: '128 bits', relaxed: '128 bits, relaxed' }[report.simd]],
    ['threads', `${report.threads}`],
    ['revectorizer', `${revectorizer.available ? gain : 'no: '}${revectorizer.note}`],
    ...Object.entries(report.versions),
  ];
  const backends = report.backends.map(({ name, works, description, startMs }) => {
    const time = startMs === undefined ? '' : `, starts in ${startMs.toFixed(0)} ms`;
    const chosen = name === report.defaultBackend ? ' (default)' : '';
    return [`${works ? '+' : '-'} ${name}${chosen}`, `${description}${time}`] as const;
  });
  const kernelMemory = report.kernelMemory.map((use) => {
    const [peak, most] = [size(use.scratchPeakBytes), size(use.scratchLimitBytes)];
    const scratch = `scratch ${size(use.scratchIdleBytes + use.scratchLentBytes)} (peak ${peak}, keeps up to ${most})`;
    const weights = `transformed weights ${size(use.weightCacheBytes)} (up to ${size(use.weightCacheLimitBytes)})`;
    return [`${use.name} holds`, `${scratch}, ${weights}`] as const;
  });
  const advice = report.advice.map(({ problem, remedy }) => `! ${problem}. ${remedy}`);
  return [
    ...columns(facts),
    '',
    ...columns([...backends, ...kernelMemory]),
    '',
    ...(advice.length > 0 ? advice : ['All is well.']),
  ].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function size(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 10).toFixed(0)} KiB`;
}
