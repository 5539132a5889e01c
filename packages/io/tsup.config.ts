import { packageConfig } from '../../tools/tsup.base.ts';

// nifti-reader-js has no CommonJS entry, so it is bundled: require('@seg/io') must work in Node 20.
export default packageConfig(
  { index: 'src/index.ts', 'node/index': 'src/node/index.ts' },
  { noExternal: ['nifti-reader-js'] },
);
