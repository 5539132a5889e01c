// Builds assembly/{conv,fused} into one WebAssembly binary per variant: build/NAME.wasm, and src/generated/NAME.wasm.js
// with the same bytes as text. Skips what is up to date. `node scripts/build-wasm.mjs [module...] [--force]`.
//
// A module's entry is assembly/MODULE/index.ts, or what `entry(variant, folder)` of assembly/MODULE/prepare.mjs
// returns (it may generate sources into that folder).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, 'build');
const generated = join(root, 'src/generated');
const require = createRequire(import.meta.url);
const ascPackage = require.resolve('assemblyscript/package.json');
const asc = join(dirname(ascPackage), 'bin/asc.js');
const run = promisify(execFile);

const variants = {
  simd: ['simd', 'bulk-memory', 'threads'],
  relaxed: ['simd', 'relaxed-simd', 'bulk-memory', 'threads'],
  revec: ['simd', 'relaxed-simd', 'bulk-memory', 'threads'],
};
// The memory is tfjs's; 65536 pages is its maximum. No allocator, no assertions, no static data.
const flags = [
  '-O3 --noAssert --runtime stub --importMemory --sharedMemory --noExportMemory --initialMemory 1 --maximumMemory 65536',
  '--use abort=',
].flatMap((line) => line.split(' '));

const force = process.argv.includes('--force');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const modules = wanted.length > 0 ? wanted : ['conv', 'fused'];

mkdirSync(build, { recursive: true });
mkdirSync(generated, { recursive: true });
const started = performance.now();
const jobs = modules.flatMap((module) => Object.keys(variants).map((variant) => ({ module, variant })));
const running = new Set();
let built = 0;
for (const job of jobs) {
  const task = buildOne(job).then((done) => {
    built += done ? 1 : 0;
    running.delete(task);
  });
  running.add(task);
  if (running.size >= 2) await Promise.race(running);
}
await Promise.all(running);
process.stdout.write(
  `wasm: ${built} of ${jobs.length} modules built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
);

async function buildOne({ module, variant }) {
  const name = `${module}-${variant}`;
  const folder = join(root, 'assembly', module);
  const hash = hashOf([folder, fileURLToPath(import.meta.url), ascPackage], [...flags, ...variants[variant]]);
  const text = join(generated, `${name}.wasm.js`);
  if (
    !force &&
    existsSync(text) &&
    existsSync(join(build, `${name}.wasm`)) &&
    readFileSync(text, 'utf8').includes(hash)
  ) {
    return false;
  }
  const entry = await entryOf(module, variant, folder);
  const temporary = join(build, `${name}.${process.pid}.wasm`);
  const features = variants[variant].flatMap((feature) => ['--enable', feature]);
  const target = ['-o', relative(root, temporary), '-t', relative(root, join(build, `${name}.wat`))];
  await run(process.execPath, [asc, relative(root, entry), ...features, ...flags, ...target], { cwd: root }).catch(
    (error) => {
      process.stderr.write(`${name} does not compile\n${error.stderr}`);
      process.exit(1);
    },
  );
  const bytes = readFileSync(temporary);
  checkBinary(name, bytes);
  const source = `// ${hash}\nexport const base64 =\n  '${bytes.toString('base64')}';\n`;
  writeFileSync(`${text}.${process.pid}`, source);
  renameSync(temporary, join(build, `${name}.wasm`));
  renameSync(`${text}.${process.pid}`, text);
  return true;
}

async function entryOf(module, variant, folder) {
  const prepare = join(folder, 'prepare.mjs');
  if (existsSync(prepare)) {
    const target = join(build, `${module}-${variant}`);
    mkdirSync(target, { recursive: true });
    return (await import(pathToFileURL(prepare).href)).entry(variant, target);
  }
  return join(folder, 'index.ts');
}

function hashOf(paths, texts) {
  const hash = createHash('sha256');
  const add = (path) => {
    if (statSync(path).isDirectory()) {
      for (const child of readdirSync(path).sort()) add(join(path, child));
    } else {
      hash.update(relative(root, path)).update(readFileSync(path));
    }
  };
  for (const path of paths) if (existsSync(path)) add(path);
  return hash.update(texts.join(' ')).digest('hex');
}

// Static data would land in the middle of tfjs's heap, and its memory is the only thing that there is to import.
function checkBinary(name, bytes) {
  const module = new WebAssembly.Module(bytes);
  const imports = WebAssembly.Module.imports(module).map((item) => `${item.module}.${item.name}`);
  if (imports.join() !== 'env.memory')
    throw new Error(`${name}: imports ${imports.join(', ')}, may import env.memory only`);
  const dataSection = 11;
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0, byte = 128; byte >= 128; shift += 7) length += ((byte = bytes[at++]) & 127) * 2 ** shift;
    if (id === dataSection) throw new Error(`${name}: has static data; keep constants in code or pass them in`);
    at += length;
  }
}
