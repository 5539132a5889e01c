import type { BackendName } from '../../start-backend.ts';

/** One backend on this machine. */
export interface BackendFinding {
  readonly name: BackendName;
  /** Whether it starts and computes right convolutions and gradients. */
  readonly works: boolean;
  /** What it runs on, or why it does not run. */
  readonly description: string;
  /** Time to start and check itself; undefined when it did not start or was running before. */
  readonly startMs?: number;
}

/** Memory that the kernels of a backend hold beside its tensors, in bytes. */
export interface BackendMemory {
  readonly name: BackendName;
  readonly scratchLentBytes: number;
  readonly scratchIdleBytes: number;
  readonly scratchPeakBytes: number;
  readonly scratchLimitBytes: number;
  /** Packed and transformed convolution weights. */
  readonly weightCacheBytes: number;
  readonly weightCacheLimitBytes: number;
}

/** What V8's 256-bit revectorizer would bring (`startBackend({ revectorize: true })`). */
export interface RevectorizerFinding {
  readonly available: boolean;
  /** Speed of a convolution with it over the speed without; null where it was not measured. */
  readonly gain: number | null;
  readonly note: string;
}

/** Something missing or slow, and what to do about it. */
export interface Advice {
  readonly problem: string;
  readonly remedy: string;
}

/** What `doctor` knows about this machine; plain JSON. */
export interface DoctorReport {
  readonly node: { readonly version: string; readonly v8: string };
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  readonly memory: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    /** What this process may use: the machine's, or its control group's where that is less. */
    readonly limitBytes: number;
    /** WebAssembly's address space, which all tensors of the wasm backend share. */
    readonly wasmLimitBytes: number;
  };
  /** `none`, `simd` (128 bits) or `relaxed` (with fused multiply-add). */
  readonly simd: 'none' | 'simd' | 'relaxed';
  /** Threads that the wasm backend would use. */
  readonly threads: number;
  readonly backends: readonly BackendFinding[];
  /** The backend that `startBackend()` chooses. */
  readonly defaultBackend: BackendName;
  /** Version of NVIDIA's driver; null where none is loaded. */
  readonly gpuDriver: string | null;
  /** Of backends that are running, and of those that the doctor started, after their check of themselves. */
  readonly kernelMemory: readonly BackendMemory[];
  readonly revectorizer: RevectorizerFinding;
  readonly versions: Readonly<Record<string, string>>;
  readonly advice: readonly Advice[];
}
