import { createRequire } from 'node:module';

/** The version of the command line, as in its package. */
export const version: string = (createRequire(import.meta.url)('@seg/cli/package.json') as { version: string }).version;
