import { packageConfig } from '../../tools/tsup.base.ts';

export default packageConfig({ index: 'src/index.ts', bin: 'src/bin.ts' }, { platform: 'node' });
