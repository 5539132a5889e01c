// npm run seg -- ARGS: the command line from the checkout. With `npm run --silent` only the CLI's own output appears.
import { existsSync } from 'node:fs';
import { runSeg, segBin, setup } from './lib.mjs';

if (!existsSync(segBin)) setup({ quiet: true });
// npm changes into the repository; paths that the user types are meant from where the user stands.
process.exit(await runSeg(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd()));
