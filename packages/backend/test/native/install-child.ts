// Child process of install-backend.test.ts: installs from a tree, or by pip, and prints each step, until it is killed.
import { installBackend } from '../../src/node/index.ts';

const [folder, from] = process.argv.slice(2) as [string, string | undefined];
await installBackend('tensorflow', {
  folder,
  force: true,
  ...(from === undefined ? {} : { from }),
  onProgress: ({ step }) => process.stdout.write(`${step}\n`),
});
