// Writes docs/reference/backends.md: the conformance tables of every backend that this machine can run.
// node --conditions=@seg/source docs/reference/make-backends.ts
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BackendName,
  backendNames,
  type ConformanceResult,
  conformanceGroups,
  conforms,
  runConformance,
  startBackend,
} from '@seg/backend';
import { setBackend } from '@tensorflow/tfjs-core';

/** tfjs's wasm backend as it comes, without the kernels of @seg/backend. */
const stockWasm = 'tfjs wasm';

interface Column {
  readonly name: string;
  readonly description: string;
  readonly results: readonly ConformanceResult[];
}

const titles = {
  ops: 'Ops of @seg/ops',
  tfjs: 'Ops of TensorFlow.js that the packages use',
  unused: 'Ops of TensorFlow.js that the packages avoid',
} as const;

if (process.argv[2] === '--one') await runOne(process.argv[3]!);
else writeTables();

/** Runs the suite on one backend, in this process, and prints the results as JSON. */
async function runOne(name: string): Promise<void> {
  const stock = name === stockWasm;
  const { description } = await startBackend({ name: stock ? 'cpu' : (name as BackendName), allowCpuFallback: true });
  if (stock) {
    await import('@tensorflow/tfjs-backend-wasm');
    await setBackend('wasm');
  }
  const results = await runConformance({ groups: conformanceGroups });
  const column: Column = { name, description: stock ? "tfjs's own wasm backend, 4.22.0" : description, results };
  process.stdout.write(JSON.stringify(column), () => process.exit(0));
}

function writeTables(): void {
  const columns: Column[] = [];
  const absent: string[] = [];
  for (const name of [...backendNames, stockWasm]) {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), '--one', name];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (status === 0) columns.push(JSON.parse(stdout.slice(stdout.indexOf('{"name"'))) as Column);
    else absent.push(`- \`${name}\`: ${/got: (.*)/.exec(stderr)?.[1] ?? 'does not start on this machine'}`);
  }
  const sections = conformanceGroups.map((group) => {
    const ours = columns.filter(({ name }) => group !== 'ops' || name !== stockWasm);
    return `## ${titles[group]}\n\n${table(ours, group)}`;
  });
  const text = [
    '# What each backend computes',
    '',
    'Made by `node --conditions=@seg/source docs/reference/make-backends.ts`; do not edit. Every op runs forward and',
    'backward and is compared with float64 loops and their central differences; a cell names the largest error relative',
    'to the largest value (forward, gradient), of which up to 1e-4 counts as right. `seg doctor --conformance` runs the',
    'same cases on your machine.',
    '',
    ...columns.map(
      (c) => `- \`${c.name}\`: ${c.description}; ${c.results.filter(conforms).length} of ${c.results.length} right`,
    ),
    ...absent,
    '',
    ...sections,
    "## TensorFlow.js's own errors",
    '',
    ...errorsOf(columns),
    '',
  ];
  writeFileSync(join(import.meta.dirname, 'backends.md'), text.join('\n'));
}

function table(columns: readonly Column[], group: (typeof conformanceGroups)[number]): string {
  const rows = columns[0]!.results
    .map((result, i) => ({ result, i }))
    .filter(({ result }) => result.group === group)
    .map(({ result, i }) => [result.op, result.case, ...columns.map((column) => cell(column.results[i]!))]);
  const head = ['op', 'case', ...columns.map(({ name }) => name)];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function cell({ forward, gradient, forwardError, gradientError, leaked }: ConformanceResult): string {
  const part = (verdict: string, error: number | undefined) => {
    if (verdict === 'throws') return '**throws**';
    if (verdict === 'none') return '-';
    const size = error === undefined || !Number.isFinite(error) ? '' : error.toExponential(0);
    return verdict === 'ok' ? size : `**wrong ${size}**`;
  };
  const left = leaked === 0 ? '' : `, ${leaked} tensors left`;
  return `${part(forward, forwardError)} / ${part(gradient, gradientError)}${left}`;
}

/** One line for each op of tfjs and way in which it goes wrong. */
function errorsOf(columns: readonly Column[]): string[] {
  const found = new Map<string, string[]>();
  for (const { name, results } of columns) {
    for (const r of results) {
      if (r.group === 'ops' || conforms(r)) continue;
      const how =
        r.forward === 'ok'
          ? r.gradient === 'wrong'
            ? 'wrong gradient'
            : `the gradient throws (${r.message})`
          : r.forward === 'wrong'
            ? 'wrong values'
            : `throws (${r.message})`;
      const key = `- \`${r.op}\`, ${r.case}: ${how}`;
      found.set(key, [...(found.get(key) ?? []), name]);
    }
  }
  return [...found].map(([text, names]) => `${text}: ${names.map((n) => `\`${n}\``).join(', ')}`);
}
