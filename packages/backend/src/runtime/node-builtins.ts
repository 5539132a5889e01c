/**
 * Node's built-in modules without an import, so that the same file works in browsers and passes through bundlers.
 * Undefined outside Node.
 */
export function nodeBuiltin<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/** Whether this is Node (or something that offers Node's modules). */
export function isNode(): boolean {
  return nodeBuiltin('node:worker_threads') !== undefined;
}
