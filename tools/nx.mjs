// node tools/nx.mjs ARGUMENTS: nx in the environment of the other root scripts: no daemon, no full-screen display.
import { run } from './lib.mjs';

run('nx', process.argv.slice(2));
