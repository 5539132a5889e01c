import type { BackendName, StartedBackend } from '@seg/backend';
import { type Command, Option } from 'commander';
import { wholeNumber } from './arguments.ts';
import type { Cli } from './cli.ts';

const BACKENDS = ['cuda', 'wasm', 'tensorflow', 'webgpu', 'cpu'] as const satisfies readonly BackendName[];

export interface BackendOptions {
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly revectorize?: boolean;
  readonly precision?: 'fast' | 'direct';
}

/** Adds `--backend`, `--threads`, `--revectorize` and `--precision`. */
export function addBackendOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--backend <name>', 'where to compute (default: cuda if installed, else wasm)').choices(BACKENDS),
    )
    .option('--threads <n>', 'threads of wasm, or of tensorflow (default: one a core)', wholeNumber(1))
    .option('--revectorize', "of wasm: use V8's experimental 256-bit revectorizer (Node 24 on x64)")
    .addOption(
      new Option(
        '--precision <name>',
        "of wasm: direct keeps convolutions from Winograd's method, so that gradients of almost empty images that should be zero are (default: fast)",
      ).choices(['fast', 'direct']),
    );
}

/** Starts the backend that the options name and says on standard error which it is. */
export async function startChosenBackend(cli: Cli, options: BackendOptions): Promise<StartedBackend> {
  const { startBackend } = await import('@seg/backend');
  const { backend: name, threads, revectorize, precision } = options;
  const started = await startBackend({
    ...(name === undefined ? {} : { name }),
    ...(threads === undefined ? {} : { threads }),
    ...(revectorize === undefined ? {} : { revectorize }),
    ...(precision === undefined ? {} : { precision }),
  });
  cli.stderr(`backend: ${started.description}\n`);
  return started;
}

/** Whether a name that a run's configuration holds is that of a backend. */
export function isBackendName(name: string): name is BackendName {
  return (BACKENDS as readonly string[]).includes(name);
}
