import { packageConfig } from '../../tools/tsup.base.ts';

// tfjs-core is an optional peer, of which only types are used. Without it they are `any`, and a user's `tsc` does not
// stumble over the import, which the bundled types have in their first line, also where it checks libraries.
const banner = '// @ts-ignore: @tensorflow/tfjs-core is an optional peer dependency';

export default packageConfig({ index: 'src/index.ts' }, { dts: { compilerOptions: { customConditions: [] }, banner } });
