// Module boundaries: which package may import which. The direction is core <- ops <- backend; core <- io, metrics,
// augment, losses, unet3d; those <- inference <- train <- methods; all <- report <- cli <- examples.
const allowed = {
  core: [],
  ops: ['core'],
  backend: ['core', 'ops'],
  io: ['core'],
  metrics: ['core'],
  augment: ['core'],
  losses: ['core', 'ops'],
  unet3d: ['core', 'ops'],
  inference: ['core', 'ops', 'unet3d', 'metrics'],
  train: ['core', 'ops', 'losses', 'unet3d', 'augment', 'io', 'metrics', 'inference'],
  hypernet: ['core', 'ops', 'losses', 'unet3d', 'augment', 'io', 'metrics', 'inference', 'train'],
  report: ['core', 'io'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Types may know each other; code that runs may not.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'type-import'] } },
    },
    {
      name: 'only-backend-knows-backends',
      comment: 'A package that needs a backend takes the one that the application started.',
      severity: 'error',
      from: { path: '^packages/(?!backend)[^/]+/src' },
      to: { path: '@tensorflow/tfjs-(backend|node|layers|converter|data)' },
    },
    {
      name: 'browser-entries-stay-browser-clean',
      comment: 'Node built-ins belong behind the /node entries.',
      severity: 'error',
      from: { path: '^packages/(?!cli)[^/]+/src', pathNot: '/src/node/' },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only', 'type-import'] },
    },
    {
      name: 'no-node-entry-from-browser-entry',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src', pathNot: ['/src/node/', '^packages/cli'] },
      to: { path: '^packages/[^/]+/src/node/' },
    },
    ...Object.entries(allowed).map(([name, may]) => ({
      name: `boundary-${name}`,
      comment: `@seg/${name} may import ${may.length ? may.map((m) => `@seg/${m}`).join(', ') : 'no other @seg package'}.`,
      severity: 'error',
      from: { path: `^packages/${name}/src` },
      to: { path: '^packages/', pathNot: [name, ...may].map((m) => `^packages/${m}/`) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|test|fixtures|build)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      conditionNames: ['@seg/source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
