import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';

interface Options {
  readonly json?: boolean;
}

/** Adds `seg methods`. */
export function addMethods(program: Command, cli: Cli): void {
  program
    .command('methods')
    .summary('list training methods with their options, and kinds of networks')
    .description('Lists what seg train --method and --network take, with the options of each method for --option.')
    .argument('[name]', 'one method alone')
    .option('--json', 'print JSON, with a JSON schema of the options of each method')
    .addHelpText(
      'after',
      `
Examples:
  $ seg methods
  $ seg methods hypersort
  $ seg train --data data/hippocampus --out run --method hypersort --option latentWeight=0.5 --option hyper.latentDim=3`,
    )
    .action(async (name: string | undefined, options: Options) => {
      const { findMethod, optionsJsonSchema } = await import('@seg/train');
      const { fullRegistry } = await import('../tasks/registry.ts');
      const registry = await fullRegistry(cli.methods);
      const methods = name === undefined ? registry.methods : [findMethod(name, registry)];
      const networks = Object.entries(registry.networks).map(([kind, { summary }]) => ({ kind, summary }));
      if (options.json === true) {
        const listed = methods.map((m) => ({
          name: m.name,
          summary: m.summary,
          options: optionsJsonSchema(m.options),
        }));
        cli.stdout(`${JSON.stringify({ methods: listed, ...(name === undefined ? { networks } : {}) })}\n`);
        return;
      }
      const { describeMethod } = await import('../tasks/describe-method.ts');
      cli.stdout(methods.map(describeMethod).join('\n'));
      if (name !== undefined) return;
      const width = Math.max(...networks.map(({ kind }) => kind.length));
      cli.stdout(`\nnetworks\n${networks.map((n) => `  ${n.kind.padEnd(width)}  ${n.summary}\n`).join('')}`);
    });
}
