import { packageConfig } from '../../tools/tsup.base.ts';

export default packageConfig({
  index: 'src/index.ts',
  'node/index': 'src/node/index.ts',
  'node/sample-worker': 'src/node/sample-worker.ts',
});
