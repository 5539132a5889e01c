import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { getBackend, setBackend } from '@tensorflow/tfjs-core';
import type { AdapterHandle } from '../../adapters/adapter.ts';
import { findInstalled } from '../../native/installed.ts';
import { loadedBinding } from '../../native/load-binding.ts';
import { detectFeatures } from '../../runtime/features.ts';
import { systemMemoryBytes } from '../../runtime/system-memory.ts';
import { memoryLimitBytes } from '../../runtime/tfjs-wasm.ts';
import { machineThreads } from '../../runtime/thread-count.ts';
import { adapters, type BackendName, backendNames, runningBackends, startBackend } from '../../start-backend.ts';
import { type DriverReport, inspectDriver } from '../native/cuda-libraries.ts';
import { testBinding } from '../native/self-test.ts';
import { adviceFor } from './advice.ts';
import { measureRevectorizer } from './measure-revectorizer.ts';
import type { BackendFinding, BackendMemory, DoctorReport } from './report.ts';

export interface DoctorOptions {
  /** Start each backend that is available and not running, check it and stop it again. Default true. */
  readonly startBackends?: boolean;
  /** Time the kernels with and without V8's revectorizer in child processes, about two seconds. Default true. */
  readonly measure?: boolean;
}

/**
 * Looks at what this machine offers: Node, backends, threads, SIMD level, memory, versions, what the kernels hold, what
 * the revectorizer would gain, and what to do about anything that is missing. The current backend stays current.
 *
 * @example
 * console.log(formatDoctor(await doctor({ measure: false })));
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const { startBackends = true, measure = true } = options;
  const features = detectFeatures();
  const running = await runningBackends();
  const gpu = await inspectDriver();
  const backends: BackendFinding[] = [];
  const kernelMemory: BackendMemory[] = [];
  const current = running.length > 0 ? getBackend() : undefined;
  for (const name of backendNames) {
    const active = running.find(({ started }) => started.name === name);
    if (active === undefined) {
      const { memory, ...finding } = await findingOf(name, startBackends, gpu);
      backends.push(finding);
      kernelMemory.push(...memory);
    } else {
      backends.push({ name, works: true, description: `${active.started.description} (running)` });
      kernelMemory.push(...memoryOf(name, active.handle));
    }
  }
  if (current !== undefined) await setBackend(current);
  const report: Omit<DoctorReport, 'advice'> = {
    node: { version: process.versions.node, v8: process.versions.v8 },
    platform: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: {
      totalBytes: totalmem(),
      freeBytes: freemem(),
      limitBytes: systemMemoryBytes() ?? totalmem(),
      wasmLimitBytes: memoryLimitBytes,
    },
    simd: features.relaxedSimd ? 'relaxed' : features.simd ? 'simd' : 'none',
    threads: features.sharedMemory ? machineThreads() : 1,
    backends,
    defaultBackend: backends.some(({ name, works }) => name === 'cuda' && works) ? 'cuda' : 'wasm',
    gpuDriver: gpu.driver ?? null,
    kernelMemory,
    revectorizer: measure
      ? await measureRevectorizer()
      : { available: features.revectorizer, gain: null, note: 'not measured' },
    versions: versionsOf(['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-cpu']),
  };
  return { ...report, advice: adviceFor(report, gpu.driver === undefined ? [] : gpu.problems) };
}

async function findingOf(
  name: BackendName,
  start: boolean,
  gpu: DriverReport,
): Promise<BackendFinding & { readonly memory: readonly BackendMemory[] }> {
  const memory: BackendMemory[] = [];
  // A process loads one native backend only: a hopeless start of cuda would keep tensorflow from its turn.
  if (name === 'cuda' && gpu.driver === undefined && findInstalled('cuda') !== undefined) {
    return { name, works: false, description: `installed, but ${gpu.problems.join('; ')}`, memory };
  }
  const { available, reason } = await adapters[name].availability();
  if (!available || !start) return { name, works: available, description: reason, memory };
  const began = performance.now();
  try {
    const installed = name === 'tensorflow' || name === 'cuda' ? findInstalled(name) : undefined;
    if (installed !== undefined && loadedBinding() !== undefined && loadedBinding() !== installed.folder) {
      // Not in this process, which has loaded the other one.
      const { tensorflow } = await testBinding(installed.name, installed.folder);
      return { name, works: true, description: `libtensorflow ${tensorflow}, tested in a process of its own`, memory };
    }
    const backend = await startBackend({ name });
    const startMs = performance.now() - began;
    const active = (await runningBackends()).find(({ started }) => started === backend);
    if (active !== undefined) memory.push(...memoryOf(name, active.handle));
    backend.dispose();
    return { name, works: true, description: backend.description, startMs, memory };
  } catch (error) {
    return { name, works: false, description: error instanceof Error ? error.message : String(error), memory };
  }
}

function memoryOf(name: BackendName, { kernelMemory }: AdapterHandle): BackendMemory[] {
  if (kernelMemory === undefined) return [];
  const { scratch, ...weights } = kernelMemory();
  const { lentBytes, idleBytes, peakBytes, limitBytes } = scratch;
  return [
    {
      name,
      scratchLentBytes: lentBytes,
      scratchIdleBytes: idleBytes,
      scratchPeakBytes: peakBytes,
      scratchLimitBytes: limitBytes,
      ...weights,
    },
  ];
}

function versionsOf(names: readonly string[]): Record<string, string> {
  const require = createRequire(import.meta.url);
  return Object.fromEntries(
    names.map((name) => [name, (require(`${name}/package.json`) as { version: string }).version]),
  );
}
