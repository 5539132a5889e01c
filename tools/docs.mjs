// npm run docs: the API reference in docs/reference/api, one module for every public entry of every package, under the
// name by which it is imported. A mistake in a comment (a link to nothing, an unknown tag) is an error.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { packageNames, root } from './lib.mjs';

/** Source file of every public entry, in the form 'packages/io/src/node/index.ts', with the entry's name. */
const entries = new Map();
for (const folder of packageNames()) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
  for (const [path, target] of Object.entries(manifest.exports)) {
    const source = target['@seg/source'];
    if (source !== undefined) entries.set(join('packages', folder, source), join(manifest.name, path));
  }
}

const app = await Application.bootstrapWithPlugins({
  options: join(root, 'typedoc.json'),
  entryPoints: [...entries.keys()].map((file) => join(root, file)),
});
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName;
  const name = file && entries.get(relative(root, file));
  if (name !== undefined) reflection.name = name;
});

const project = await app.convert();
if (project !== undefined) {
  app.validate(project);
  const documented = new Set(project.getChildrenByKind(ReflectionKind.Module).map((module) => module.name));
  for (const name of entries.values()) if (!documented.has(name)) app.logger.error(`${name} has no page`);
  await app.generateOutputs(project);
}
process.exit(project === undefined || app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0);
