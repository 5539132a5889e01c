import type { MethodModule, Registry } from '@seg/train';

/**
 * What the command line can train, load and report: the methods of this project's packages and those that the caller
 * adds. The one place that lists them.
 */
export async function fullRegistry(more: readonly MethodModule[] = []): Promise<Required<Registry>> {
  const { builtInMethods, builtInNetworks } = await import('@seg/train');
  const { hypernetMethods } = await import('@seg/hypernet');
  return { methods: [...builtInMethods, ...hypernetMethods, ...more], networks: builtInNetworks };
}
