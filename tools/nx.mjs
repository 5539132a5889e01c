// node tools/nx.mjs ARGUMENTS: nx in the environment in which it finds the workspace's own pnpm.
import { run } from './lib.mjs';

run('nx', process.argv.slice(2));
