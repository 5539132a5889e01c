import { Argument, type Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';
import { formatTable } from '../terminal/table.ts';

const NATIVE = ['tensorflow', 'cuda'] as const;

interface InstallOptions {
  readonly from?: string;
  readonly cudaRoot?: string;
  readonly allowCpuFallback?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `seg backend install | list | remove`. */
export function addBackend(program: Command, cli: Cli): void {
  const backend = program
    .command('backend')
    .summary('install, list or remove native backends')
    .description('Manages the native backends: tensorflow (CPU) and cuda (NVIDIA GPU). wasm and cpu are always there.')
    .addHelpText('after', '\nExamples:\n  $ seg backend install cuda\n  $ seg backend list --json');
  addInstall(backend, cli);
  addList(backend, cli);
  addRemove(backend, cli);
}

function addInstall(backend: Command, cli: Cli): void {
  backend
    .command('install')
    .description('Installs a native backend into the cache, or mends it.')
    .addArgument(new Argument('<name>', 'which one').choices(NATIVE))
    .option('--from <path>', 'a TensorFlow wheel or an unpacked tree, in place of a download')
    .option('--cuda-root <dir>', 'folder with the CUDA libraries (nvidia/cudnn/lib and so on)')
    .option('--allow-cpu-fallback', 'install the GPU package without a usable GPU')
    .option('--force', 'install again although it works')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ seg backend install tensorflow\n  $ seg backend install cuda --from tensorflow.whl',
    )
    .action(async (name: 'tensorflow' | 'cuda', { json, ...options }: InstallOptions) => {
      const { installBackend } = await import('@seg/backend/node');
      let last = '';
      const installed = await installBackend(name, {
        ...options,
        signal: cli.signal,
        onProgress({ step, message, fraction }) {
          const tenth = fraction === undefined ? '' : ` ${Math.floor(fraction * 10) * 10}%`;
          const line = `${step}: ${message}${tenth}\n`;
          if (line !== last) cli.stderr(line);
          last = line;
        },
      });
      if (json === true) cli.stdout(`${JSON.stringify(installed)}\n`);
      else cli.stdout(`${name} is installed in ${installed.folder} (TensorFlow ${installed.tensorflow})\n`);
    });
}

function addList(backend: Command, cli: Cli): void {
  backend
    .command('list')
    .description('Lists the native backends that are installed.')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  $ seg backend list')
    .action(async ({ json }: { json?: boolean }) => {
      const { listBackends } = await import('@seg/backend/node');
      const installed = listBackends();
      if (json === true) cli.stdout(`${JSON.stringify(installed)}\n`);
      else if (installed.length === 0) cli.stdout('no native backend is installed\n');
      else {
        const rows = installed.map(({ name, tensorflow, folder }) => [name, tensorflow, folder]);
        cli.stdout(formatTable(['name', 'tensorflow', 'folder'], rows));
      }
    });
}

function addRemove(backend: Command, cli: Cli): void {
  backend
    .command('remove')
    .description('Removes a native backend and what it alone needed.')
    .addArgument(new Argument('<name>', 'which one').choices(NATIVE))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  $ seg backend remove cuda')
    .action(async (name: 'tensorflow' | 'cuda', { json }: { json?: boolean }) => {
      const { removeBackend } = await import('@seg/backend/node');
      const removed = await removeBackend(name);
      if (json === true) cli.stdout(`${JSON.stringify({ name, removed })}\n`);
      else cli.stdout(removed ? `${name} is removed\n` : `${name} was not installed\n`);
    });
}
