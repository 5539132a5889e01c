// Checks many random convolutions against float64, with guard zones: node --conditions=@seg/source test/conv/run-fuzz.ts [shapes] [seed] [variant] [precision]
import { Rng } from '@seg/core';
import { Convolution } from '../../src/conv/convolution.ts';
import type { ConvPrecision } from '../../src/conv/plan.ts';
import type { KernelVariant } from '../../src/runtime/kernel-runtime.ts';
import { measureShape, randomGeometry } from './fuzz.ts';
import { startGuardedRuntime } from './guarded-runtime.ts';

const [shapes = '2000', seed = '1', variant = 'relaxed', precision = 'fast'] = process.argv.slice(2);
const tolerance = 2e-5;
const runtime = await startGuardedRuntime({ variant: variant as KernelVariant });
const convolution = new Convolution(runtime, { precision: precision as ConvPrecision });
const rng = Rng.fromSeed(Number(seed));
let worst = 0;
let failed = 0;
for (let i = 0; i < Number(shapes); i++) {
  const g = randomGeometry(rng);
  const errors = measureShape(runtime, convolution, g, rng);
  const largest = Math.max(errors.forward, errors.inputGradient ?? 0, errors.filterGradient);
  worst = Math.max(worst, largest);
  if (!(largest < tolerance)) {
    failed++;
    console.log(`shape ${i}: ${JSON.stringify(g)} ${JSON.stringify(errors)}`);
    if (failed > 5) break;
  }
}
console.log(`${shapes} shapes, ${failed} failed, largest relative error ${worst.toExponential(2)}`);
process.exitCode = failed > 0 ? 1 : 0;
runtime.dispose();
