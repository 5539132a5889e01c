// npm test [-- VITEST ARGS]: installs, builds and runs all tests.
import { run, setup } from './lib.mjs';

setup({ quiet: true });
run('vitest', ['run', ...process.argv.slice(2)]);
