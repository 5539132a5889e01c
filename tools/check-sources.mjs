// Rules that the linter does not know: what library sources must not contain, and how long a file may be.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fail, packageNames, root } from './lib.mjs';

const MAX_LINES = 400;
const banned = [
  [/\bMath\.random\b/, 'Math.random: take an Rng', () => true],
  [/\bTODO\b|\bFIXME\b|\bXXX\b/, 'unfinished work', () => true],
  [/^(?!\s*(\*|\/[/*])).*(\bas any\b|: any\b)/, 'any', () => true],
  [
    /\bprocess\.env\b/,
    'environment variables belong to the application',
    (f) => !f.startsWith('packages/cli/') && !f.startsWith('packages/backend/'),
  ],
  [/\bseed\s*:\s*undefined/, 'an undefined seed', () => true],
];
const problems = [];
for (const name of packageNames()) {
  for (const file of sources(join(root, 'packages', name, 'src'))) {
    const path = relative(root, file).replaceAll('\\', '/');
    if (path.includes('/generated/')) continue;
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n');
    const isTable = text.startsWith('// table:');
    if (lines.length > MAX_LINES && !isTable) problems.push(`${path}: ${lines.length} lines, at most ${MAX_LINES}`);
    lines.forEach((line, i) => {
      for (const [pattern, reason, applies] of banned) {
        if (applies(path) && pattern.test(line)) problems.push(`${path}:${i + 1}: ${reason}: ${line.trim()}`);
      }
    });
    const base = path.split('/').pop();
    if (base !== base.toLowerCase()) problems.push(`${path}: file names are kebab-case`);
  }
}
if (problems.length > 0) fail(problems.join('\n'));
process.stdout.write('sources: ok\n');

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}
