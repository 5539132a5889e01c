// node tools/make-performance.mjs [NAME...]: runs benchmarks with --json and writes their rows, with ratios to the
// peers of the same run and a description of the machine, into docs/reference/performance.md. A benchmark that is not
// named keeps the section that it has, and a section keeps what other machines measured.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, homedir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fail, root, toolEnvironment } from './lib.mjs';

const all = ['conv3d', 'train-step', 'inference', 'threads', 'layers', 'io', 'resample', 'metrics', 'native'];
// Fields that neither tell what was done nor what came out.
const settings = new Set(['peer', 'work', 'error', 'threads', 'repeat', 'bytes', 'components', 'values']);
const chosen = process.argv.slice(2);
for (const name of chosen) if (!all.includes(name)) fail(`no benchmark ${name}; there are ${all.join(', ')}`, 2);
const path = join(root, 'docs', 'reference', 'performance.md');
const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
const heading = machineHeading();
const sections = all.map((name) => {
  const old = new RegExp(`^## ${name}\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(before)?.[1] ?? '';
  // The machines of a section, each under its heading; the newest measurement comes first.
  const others = old.split(/^(?=### )/m).filter((block) => block.startsWith('### '));
  const wanted = chosen.length === 0 || chosen.includes(name);
  const blocks = wanted ? [measure(name), ...others.filter((block) => !block.startsWith(`${heading}\n`))] : others;
  return blocks.length === 0 ? undefined : `## ${name}\n\n${blocks.map((block) => block.trim()).join('\n\n')}\n`;
});
const header = `# Measured performance

Written by \`node tools/make-performance.mjs\`, which runs the benchmarks of \`bench/\`; every ratio is the other's time
divided by ours (the column \`seg\`) in the same run: above 1x we are faster. Milliseconds are medians; where all took
turns in several rounds (convolutions, layers, training step, inference, reading), that of each one's least disturbed
round; for convolutions a round is a single shape and direction. Peers run only where they are installed; a benchmark
without one shows our times alone. "AVX2" after a peer's name: limited to that instruction set, which most laptops have.
Stock tfjs runs on smaller volumes, because it would take minutes; \`wrong\`: the gradients of its wasm convolutions are,
so that their times are no measure (nor do its training steps train, of which only the time is told). Every machine has
tables of its own.
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
  const head = `${heading}\n\n${versions()}`;
  if (rows.some(({ speedup }) => speedup !== undefined)) return `${head}\n\n${speedupTable(rows)}\n`;
  const memory = rows.some((row) => row.rss_mb !== undefined) ? `\n${memoryTable(rows)}\n` : '';
  return `${head}\n${defaultChoice(rows)}\n${timeTable(rows)}\n${memory}`;
}

/** Where a benchmark trains on both of the processor's backends: which is faster, as the default depends on it. */
function defaultChoice(rows) {
  const steps = rows.filter(({ work, peer }) => work === 'unet-step' && peer.startsWith('seg'));
  const lines = [...new Set(steps.map(({ batch }) => batch))].flatMap((batch) => {
    const of = (pattern) => steps.find((row) => row.batch === batch && pattern.test(row.peer))?.ms;
    const [wasm, native] = [of(/^seg wasm (simd|relaxed)$/), of(/^seg tensorflow$/)];
    if (wasm === undefined || native === undefined) return [];
    const times = `${wasm.toFixed(0)} ms on \`wasm\`, ${native.toFixed(0)} ms on \`tensorflow\``;
    return `A training step of batch ${batch} takes ${times} (${(native / wasm).toFixed(2)}x).`;
  });
  if (lines.length === 0) return '';
  return `\n${lines.join(' ')} Without a name and without a GPU \`startBackend\` chooses \`wasm\`.\n`;
}

/** Processor, instruction sets, cores and memory. */
function machineHeading() {
  const info = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const sets = ['avx2', 'avx512f', 'amx_tile'].filter((flag) => new RegExp(`^flags.*\\b${flag}\\b`, 'm').test(info));
  const processor = `${cpus()[0]?.model ?? 'unknown processor'}${sets.length > 0 ? ` (${sets.join(', ')})` : ''}`;
  return `### ${processor}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

/** Versions, and the day of the measurement. */
function versions() {
  const node = spawnSync('node', ['--version'], { encoding: 'utf8', env: toolEnvironment() }).stdout.trim();
  return `${[`Node ${node}`, ...torch()].join(', ')}; ${new Date().toISOString().slice(0, 10)}.`;
}

/** PyTorch's version and the instruction set that it chooses, where the peers' environment is. */
function torch() {
  const python = join(process.env.SEG_PEERS_VENV ?? join(homedir(), '.cache/seg-peers'), 'bin/python');
  if (!existsSync(python)) return [];
  const ask = 'import torch; print("PyTorch", torch.__version__, "with", torch.backends.cpu.get_cpu_capability())';
  const answer = spawnSync(python, ['-c', ask], { encoding: 'utf8' });
  return answer.status === 0 ? [answer.stdout.trim()] : [];
}

/** What was done, apart from who did it and what was measured. */
function describe(row) {
  return Object.entries(row)
    .filter(
      ([key, value]) => !settings.has(key) && !/ms$|gflops$|^(hd95|assd|nsd|rss|speedup)/.test(key) && value !== null,
    )
    .map(([key, value]) =>
      key === 'shape' ? showShape(value) : `${key} ${Array.isArray(value) ? value.join(' to ') : value}`,
    )
    .join(', ');
}

/** Name of a column: the usual build is `seg`, others say what differs. */
function columnOf(row, threads) {
  const own = row.peer.replace(/^seg (wasm )?(simd|relaxed)$/, 'seg').replace('seg wasm revec', 'seg, 256-bit');
  return row.peer.startsWith('seg') && row.threads < threads ? `${own}, ${row.threads} thread` : own;
}

function number(value) {
  if (typeof value !== 'number') return value ?? '';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Stock wasm's gradients of convolutions leave out most of the sum, read past the end, or fail. */
function isWrong({ peer, work }, key) {
  return peer.startsWith('tfjs wasm') && work === 'conv3d' && key.startsWith('grad');
}

/** A table of numbers: a line for each piece of work, a column for each peer, ratios to the first column. */
function table(rows, { pick, unit, ratio }) {
  const threads = Math.max(...rows.map((row) => row.threads ?? 1));
  const lines = new Map();
  const columns = new Set(rows.filter((row) => row.peer.startsWith('seg')).map((row) => columnOf(row, threads)));
  for (const row of rows) {
    for (const [what, value] of pick(row)) {
      const about = describe(row);
      const line = `${row.work}${what}${about === '' ? '' : `: ${about}`}`;
      if (!lines.has(line)) lines.set(line, {});
      columns.add(columnOf(row, threads));
      lines.get(line)[columnOf(row, threads)] ??= value;
    }
  }
  const [own] = columns;
  const cell = (values, column) => {
    const known = typeof values[column] === 'number' && typeof values[own] === 'number' && column !== own;
    return `${number(values[column])}${known ? ` (${ratio(values[own], values[column]).toFixed(2)}x)` : ''}`;
  };
  return [
    `| work | ${[...columns].map((column) => `${column} ${unit}`).join(' | ')} |`,
    `|${'---|'.repeat(columns.size + 1)}`,
    ...[...lines].map(([line, values]) => `| ${[line, ...[...columns].map((c) => cell(values, c))].join(' | ')} |`),
  ].join('\n');
}

function timeTable(rows) {
  const pick = (row) =>
    Object.entries(row)
      .filter(([key]) => /^(.*_)?ms$/.test(key))
      .map(([key, value]) => [key, isWrong(row, key) ? 'wrong' : value])
      .filter(([, value]) => typeof value === 'number' || value === 'wrong')
      .map(([key, value]) => [key === 'ms' ? '' : ` ${key.slice(0, -3).replaceAll('_', ' ')}`, value]);
  return table(rows, { pick, unit: 'ms', ratio: (ours, theirs) => theirs / ours });
}

/** What several threads gain over one: the median of turns taken one after the other, and where half of them lie. */
function speedupTable(rows) {
  const line = (row) =>
    `| ${row.work}: ${describe(row)} | ${number(row.single_ms)} | ${number(row.ms)} | ${row.speedup.toFixed(2)}x | ${row.speedup_low.toFixed(2)} to ${row.speedup_high.toFixed(2)}x |`;
  return [
    `| work | 1 thread ms | ${rows[0].threads} threads ms | speedup, median of turns | half of the turns |`,
    '|---|---|---|---|---|',
    ...rows.map(line),
  ].join('\n');
}

/** Peak resident memory of whole processes. */
function memoryTable(rows) {
  const pick = (row) => (row.rss_mb === undefined ? [] : [[' peak memory', row.rss_mb]]);
  return table(rows, { pick, unit: 'MB', ratio: (ours, theirs) => theirs / ours });
}

function showShape(shape) {
  if (Array.isArray(shape)) return shape.join('x');
  const { batch, size, cin, cout, kernel, stride } = shape;
  const extent = Array.isArray(size) ? size.join('x') : `${size}^3`;
  return `batch ${batch}, ${extent}, ${cin} to ${cout}, kernel ${kernel}, stride ${stride}`;
}
