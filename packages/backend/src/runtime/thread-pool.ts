import { SegError } from '@seg/core';
import { nodeBuiltin } from './node-builtins.ts';
import { machineThreads } from './thread-count.ts';
import {
  argumentsOffset,
  control,
  controlBytes,
  maxArguments,
  maxParts,
  ticketBits,
  workerSource,
} from './worker-source.ts';

// Loads of the control word before a thread goes to sleep: 0.3 to 1 ms. Between two kernels of a network the caller
// needs up to 0.3 ms, because each kernel leaves its caches without the program.
const spinsBeforeSleep = 100_000;
// With more threads than processors whoever spins keeps another from working.
const spinsWhenCrowded = 50;

interface WorkerHandle {
  terminate(): unknown;
}

/** A worker that waits for what it is to run. */
interface LaunchedWorker extends WorkerHandle {
  /** Hands it its modules and memory; resolves when it can take parts. */
  start(data: object): Promise<void>;
}

/** Threads whose workers are starting. */
export interface LaunchedThreads {
  /** Gives the workers their modules and memory, and resolves when all are ready. */
  join(modules: readonly WebAssembly.Module[], memory: WebAssembly.Memory): Promise<ThreadPool>;
  /** Ends the workers instead. */
  cancel(): void;
}

/** A call that the pool spreads over its threads; see `KernelRuntime.run`. */
export interface Job {
  readonly moduleIndex: number;
  readonly functionIndex: number;
  readonly parts: number;
  readonly args: (part: number, parts: number) => readonly number[];
  /** The function itself, as instantiated on the calling thread. */
  readonly call: (...args: number[]) => unknown;
  /** Per-thread scratch: address of thread 0's block and the distance to the next; 0 bytes for none. */
  readonly scratchPointer: number;
  readonly scratchStride: number;
}

/** Threads that share one WebAssembly memory; the calling thread is number 0 and works too. */
export class ThreadPool {
  readonly threads: number;
  readonly #workers: readonly WorkerHandle[];
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  readonly #spins: number;
  #sequence = 0;
  #mayWait: boolean;

  private constructor(workers: readonly WorkerHandle[], shared: SharedArrayBuffer, spins: number) {
    this.threads = workers.length + 1;
    this.#workers = workers;
    this.#spins = spins;
    this.#ints = new Int32Array(shared, 0, argumentsOffset / 4);
    this.#doubles = new Float64Array(shared, argumentsOffset);
    this.#mayWait = mayWaitHere(this.#ints);
  }

  /** Starts `threads - 1` workers, each with its own instances of `modules`, and resolves when all are ready. */
  static start(threads: number, modules: readonly WebAssembly.Module[], memory: WebAssembly.Memory) {
    return ThreadPool.launch(threads).join(modules, memory);
  }

  /** Starts the workers before there is anything to run, because it takes as long as loading the modules. */
  static launch(threads: number): LaunchedThreads {
    const workers = Array.from({ length: threads - 1 }, launchWorker);
    return {
      async join(modules, memory) {
        const shared = new SharedArrayBuffer(controlBytes);
        const spins = threads > machineThreads() ? spinsWhenCrowded : spinsBeforeSleep;
        const starts = workers.map((worker, i) => worker.start({ modules, memory, shared, thread: i + 1, spins }));
        await Promise.all(starts);
        return new ThreadPool(workers, shared, spins);
      },
      cancel() {
        for (const worker of workers) worker.terminate();
      },
    };
  }

  run(job: Job): void {
    const { parts, args } = job;
    for (let first = 0; first < parts; first += maxParts) {
      const count = Math.min(maxParts, parts - first);
      this.#batch({ ...job, parts: count, args: (part) => args(first + part, parts) });
    }
  }

  #batch({ moduleIndex, functionIndex, parts, args, call, scratchPointer, scratchStride }: Job): void {
    const ints = this.#ints;
    for (let part = 0; part < parts; part++) {
      const values = args(part, parts);
      for (let i = 0; i < values.length; i++) this.#doubles[part * maxArguments + i] = values[i]!;
      ints[control.argumentCount] = values.length;
    }
    ints[control.parts] = parts;
    ints[control.moduleIndex] = moduleIndex;
    ints[control.functionIndex] = functionIndex;
    ints[control.scratchPointer] = scratchPointer;
    ints[control.scratchStride] = scratchStride;
    Atomics.store(ints, control.done, 0);
    // A job in which this thread failed too ended before it looked at the flag.
    Atomics.store(ints, control.failed, 0);
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(ints, control.ticket, (this.#sequence << ticketBits) | parts);
    Atomics.store(ints, control.sequence, this.#sequence);
    Atomics.notify(ints, control.sequence);
    try {
      this.#work(parts, call, scratchPointer, scratchStride);
    } finally {
      this.#join(parts);
    }
    if (Atomics.exchange(ints, control.failed, 0) !== 0) {
      throw new SegError('internal', {
        where: 'startBackend',
        problem: 'a WebAssembly kernel failed in a worker thread',
      });
    }
  }

  /** Takes parts like a worker until none is left. */
  #work(parts: number, call: Job['call'], scratchPointer: number, scratchStride: number): void {
    const ints = this.#ints;
    const count = ints[control.argumentCount]!;
    for (;;) {
      const ticket = Atomics.load(ints, control.ticket);
      const left = ticket & ((1 << ticketBits) - 1);
      if (left === 0) return;
      if (Atomics.compareExchange(ints, control.ticket, ticket, ticket - 1) !== ticket) continue;
      const at = (parts - left) * maxArguments;
      const values: number[] = [];
      for (let i = 0; i < count; i++) values.push(this.#doubles[at + i]!);
      if (scratchStride > 0) values.push(scratchPointer);
      try {
        call(...values);
      } finally {
        Atomics.add(ints, control.done, 1);
      }
    }
  }

  #join(parts: number): void {
    const ints = this.#ints;
    // Parts that nobody took because a kernel failed on this thread.
    const ticket = Atomics.exchange(ints, control.ticket, this.#sequence << ticketBits);
    const expected = parts - (ticket & ((1 << ticketBits) - 1));
    for (let spins = 0; ; ) {
      const done = Atomics.load(ints, control.done);
      if (done >= expected) return;
      if (++spins > this.#spins && this.#mayWait) Atomics.wait(ints, control.done, done, 1);
    }
  }

  /** Ends the workers. */
  dispose(): void {
    Atomics.store(this.#ints, control.stop, 1);
    Atomics.store(this.#ints, control.sequence, this.#sequence + 1);
    Atomics.notify(this.#ints, control.sequence);
    for (const worker of this.#workers) worker.terminate();
  }
}

// The window of a browser may not block; its spin is bounded by the work that is left.
function mayWaitHere(ints: Int32Array): boolean {
  try {
    Atomics.wait(ints, control.stop, 1, 0);
    return true;
  } catch {
    return false;
  }
}

interface NodeWorker extends WorkerHandle {
  once(event: string, listener: (value: unknown) => void): void;
  postMessage(data: object): void;
  removeAllListeners(): void;
  unref(): void;
}
interface NodeWorkers {
  Worker: new (source: string, options: object) => NodeWorker;
}

function launchWorker(): LaunchedWorker {
  const node = nodeBuiltin<NodeWorkers>('node:worker_threads');
  return node === undefined ? launchWebWorker() : launchNodeWorker(node);
}

function launchNodeWorker({ Worker }: NodeWorkers): LaunchedWorker {
  const worker = new Worker(workerSource, { eval: true, execArgv: [], trackUnmanagedFds: false });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('error', (cause) => reject(failedStart(cause)));
    worker.once('message', () => {
      worker.removeAllListeners();
      worker.unref();
      resolve();
    });
  });
  return launched(worker, ready);
}

function launchWebWorker(): LaunchedWorker {
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url);
  const ready = new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => reject(failedStart(event.message));
    worker.onmessage = () => {
      URL.revokeObjectURL(url);
      resolve();
    };
  });
  return launched(worker, ready);
}

function launched(worker: WorkerHandle & { postMessage(data: object): void }, ready: Promise<void>): LaunchedWorker {
  // A worker that fails before anybody waits for it is reported by `start`.
  ready.catch(() => undefined);
  return {
    start(data) {
      worker.postMessage(data);
      return ready;
    },
    terminate: () => worker.terminate(),
  };
}

function failedStart(cause: unknown): SegError {
  return new SegError('backend-failure', {
    where: 'startBackend',
    problem: 'a worker thread did not start',
    hint: 'Start with threads: 1 where workers are not allowed.',
    cause,
  });
}
