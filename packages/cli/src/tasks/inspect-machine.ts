import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { type BackendName, backendNames, startBackend } from '@seg/backend';
import { inspectDriver, listBackends } from '@seg/backend/node';
import { version } from '../version.ts';

/** One backend on this machine. */
export interface BackendReport {
  readonly name: BackendName;
  /** Whether it starts and computes right convolutions and gradients. */
  readonly works: boolean;
  /** What it runs on, or why it does not run. */
  readonly description: string;
  readonly threads?: number;
  /** Time to start and check itself. */
  readonly startMs?: number;
}

/** What `seg doctor` knows. */
export interface MachineReport {
  readonly seg: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: { readonly total: number; readonly free: number; readonly limit: number };
  /** The backend that is used when none is named. */
  readonly defaultBackend: BackendName;
  readonly backends: readonly BackendReport[];
  readonly gpuDriver: string | null;
  readonly versions: Readonly<Record<string, string>>;
  /** What is missing or slow, and what to do about it; empty when all is well. */
  readonly advice: readonly string[];
}

/** Memory that a training of the default size needs. */
const COMFORTABLE_GB = 4;

/** Starts every backend in turn and looks at what the machine has. */
export async function inspectMachine(): Promise<MachineReport> {
  const installed = new Set<string>(listBackends().map(({ name }) => name));
  const { driver, problems } = await inspectDriver();
  const backends: BackendReport[] = [];
  for (const name of backendNames) {
    const native = name === 'cuda' || name === 'tensorflow';
    if (native && !installed.has(name)) backends.push({ name, works: false, description: 'not installed' });
    // A process loads one native backend only: a hopeless start of cuda would keep tensorflow from its turn.
    else if (name === 'cuda' && driver === undefined) {
      backends.push({ name, works: false, description: `installed, but ${problems.join('; ')}` });
    } else backends.push(await tryBackend(name));
  }
  const works = (name: BackendName) => backends.some((b) => b.name === name && b.works);
  const limit = await memoryLimit();
  const gb = (bytes: number) => Math.round((bytes / 2 ** 30) * 10) / 10;
  const report = {
    seg: version,
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: { total: gb(totalmem()), free: gb(freemem()), limit: gb(limit) },
    defaultBackend: works('cuda') ? ('cuda' as const) : ('wasm' as const),
    backends,
    gpuDriver: driver ?? null,
    versions: versionsOf(['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-cpu']),
  };
  return { ...report, advice: adviceFor(report, driver === undefined ? [] : problems) };
}

async function tryBackend(name: BackendName): Promise<BackendReport> {
  const start = performance.now();
  try {
    const backend = await startBackend({ name });
    const startMs = Math.round(performance.now() - start);
    const { description, threads } = backend;
    backend.dispose();
    return { name, works: true, description, threads, startMs };
  } catch (error) {
    return { name, works: false, description: error instanceof Error ? error.message : String(error) };
  }
}

function adviceFor(report: Omit<MachineReport, 'advice'>, driverProblems: readonly string[]): string[] {
  const advice: string[] = [];
  const find = (name: BackendName) => report.backends.find((b) => b.name === name)!;
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) {
    advice.push(`Node ${process.versions.node} has no relaxed SIMD: training is faster on Node 22 or newer.`);
  }
  if (!find('wasm').works) advice.push(`The wasm backend does not run: ${find('wasm').description}`);
  if (find('wasm').works && find('wasm').threads === 1 && report.cores > 1) {
    advice.push('The wasm backend uses one thread: memory cannot be shared between threads here.');
  }
  if (report.gpuDriver !== null && !find('cuda').works) {
    advice.push(
      find('cuda').description === 'not installed'
        ? 'There is an NVIDIA driver: `seg backend install cuda` makes use of it.'
        : `The cuda backend is installed but does not run: ${find('cuda').description}`,
    );
  }
  advice.push(...driverProblems.map((problem) => `GPU: ${problem}.`));
  if (report.memoryGb.limit < COMFORTABLE_GB) {
    advice.push(
      `${report.memoryGb.limit} GB of memory may be too little for training; ${COMFORTABLE_GB} GB are comfortable.`,
    );
  }
  return advice;
}

/** Bytes that this process may use: the machine's, or the control group's where that is less. */
async function memoryLimit(): Promise<number> {
  const text = await readFile('/sys/fs/cgroup/memory.max', 'utf8').catch(() => '');
  const group = Number(text.trim());
  return group > 0 ? Math.min(group, totalmem()) : totalmem();
}

function versionsOf(names: readonly string[]): Record<string, string> {
  // The backend package is the one that brings the tfjs backends.
  const require = createRequire(createRequire(import.meta.url).resolve('@seg/backend'));
  const versions: Record<string, string> = {};
  for (const name of names) {
    try {
      versions[name] = (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      versions[name] = 'not found';
    }
  }
  return versions;
}
