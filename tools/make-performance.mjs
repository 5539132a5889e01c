// node tools/make-performance.mjs [NAME...]: runs benchmarks with --json and writes their rows, with ratios to the
// peers of the same run and a description of the machine, into docs/reference/performance.md. A benchmark that is not
// named keeps the section that it has.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fail, root, toolEnvironment } from './lib.mjs';

const all = ['conv3d', 'train-step', 'inference', 'io', 'resample', 'metrics', 'native'];
const chosen = process.argv.slice(2);
for (const name of chosen) if (!all.includes(name)) fail(`no benchmark ${name}; there are ${all.join(', ')}`, 2);
const path = join(root, 'docs', 'reference', 'performance.md');
const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
const sections = all.map((name) => {
  const old = new RegExp(`(^## ${name}\\n[\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(before)?.[1];
  return chosen.length === 0 || chosen.includes(name) ? measure(name) : old;
});
const header = `# Measured performance

Written by \`node tools/make-performance.mjs\`, which runs the benchmarks of \`bench/\`; every ratio is the peer's time
divided by ours in the same run (above 1: we are faster). Medians in milliseconds. Peers run only where they are
installed; a benchmark without one shows our times alone.
`;
writeFileSync(path, `${[header, ...sections.filter(Boolean)].join('\n').trimEnd()}\n`);

function measure(name) {
  process.stderr.write(`${name}...\n`);
  const args = ['--conditions=@seg/source', '--no-warnings', join(root, 'bench', `${name}.ts`), '--json'];
  const result = spawnSync('node', args, { cwd: root, encoding: 'utf8', env: toolEnvironment(), maxBuffer: 1 << 26 });
  if (result.status !== 0) fail(`${name} failed\n${result.stderr}`);
  const rows = result.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const node = spawnSync('node', ['--version'], { encoding: 'utf8', env: toolEnvironment() }).stdout.trim();
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${node}`;
  const date = new Date().toISOString().slice(0, 10);
  return `## ${name}\n\n${machine}, ${date}.\n\n${table(rows)}\n`;
}

/** One line for each piece of work, in order; a column of milliseconds and of the ratio for each peer. */
function table(rows) {
  const times = (row) =>
    Object.entries(row).filter(([key, value]) => /^(.*_)?ms$/.test(key) && typeof value === 'number');
  const known = new Set(['peer', 'work', 'error', 'threads', 'repeat', 'bytes', 'components', 'values']);
  const describe = (row) =>
    Object.entries(row)
      .filter(([key, value]) => !known.has(key) && !/ms$|gflops$|^(hd95|assd|nsd|rss)/.test(key) && value !== null)
      .map(([key, value]) =>
        key === 'shape' ? showShape(value) : `${key} ${Array.isArray(value) ? value.join(' to ') : value}`,
      )
      .join(', ');
  const lines = new Map();
  const peers = [];
  for (const row of rows) {
    const peer = row.peer.replace(/^seg .*/, 'seg');
    for (const [key, ms] of times(row)) {
      const what = key === 'ms' ? '' : ` ${key.slice(0, -3).replace('_', ' ')}`;
      const line = `${row.work}${what}${describe(row) ? `: ${describe(row)}` : ''}`;
      if (!lines.has(line)) lines.set(line, {});
      if (peer !== 'seg' && !peers.includes(peer)) peers.push(peer);
      lines.get(line)[peer] ??= ms;
    }
  }
  const number = (ms) => (ms === undefined ? '' : ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));
  const body = [...lines].map(([line, ms]) => {
    const cells = peers.map((p) =>
      ms[p] === undefined ? '' : `${number(ms[p])}${ms.seg === undefined ? '' : ` (${(ms[p] / ms.seg).toFixed(2)}x)`}`,
    );
    return `| ${[line, number(ms.seg), ...cells].join(' | ')} |`;
  });
  return [
    `| work | seg ms | ${peers.map((p) => `${p} ms`).join(' | ')} |`,
    `|${'---|'.repeat(peers.length + 2)}`,
    ...body,
  ].join('\n');
}

function showShape(shape) {
  if (Array.isArray(shape)) return shape.join('x');
  const { batch, size, cin, cout, kernel, stride } = shape;
  return `batch ${batch}, ${size}^3, ${cin} to ${cout}, kernel ${kernel}, stride ${stride}`;
}
