import { packageConfig } from '../../tools/tsup.base.ts';

export default packageConfig({ index: 'src/index.ts', 'layers/index': 'src/layers/index.ts' });
