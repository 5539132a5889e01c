import { join } from 'node:path';
import { SegError } from '@seg/core';
import { clause } from '../../native/clause.ts';
import { bindingPackages, type NativeBackend } from '../../native/installed.ts';
import { runCommand } from './command.ts';

export interface SelfTestResult {
  readonly tensorflow: string;
  readonly gpu: boolean;
}

// Runs in a process of its own, because a library that does not fit ends the process that loads it. The values are
// small integers, so they are exact: a product of matrices, and a convolution with both gradients worked out by hand
// (all-ones 3x3x3 kernel on an all-ones 3x3x3 image, padded: the centre sees 27 ones, a corner 8; their sum is 343).
const program = (packageName: string) => `
process.on('uncaughtException', (error) => { console.error(error.message); process.exit(1); });
const util = require('node:util');
util.isNullOrUndefined ??= (v) => v === null || v === undefined;
util.isArray ??= Array.isArray;
process.argv.length = 2;
const tf = require(${JSON.stringify(packageName)});
const check = (what, got, want) => { if (String(got) !== String(want)) throw new Error(what + ': got ' + got + ', expected ' + want); };
check('matMul', tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]])).dataSync(), [19, 22, 43, 50]);
const x = tf.ones([1, 3, 3, 3, 1]);
const w = tf.ones([3, 3, 3, 1, 1]);
const y = tf.conv3d(x, w, 1, 'same').dataSync();
check('conv3d', [y[0], y[13], y.reduce((a, b) => a + b)], [8, 27, 343]);
const [dx, dw] = tf.grads((a, b) => tf.conv3d(a, b, 1, 'same'))([x, w]);
check('conv3d gradients', [dx.dataSync()[13], dw.dataSync()[13], dw.dataSync()[0]], [27, 27, 8]);
const backend = tf.backend();
console.log(JSON.stringify({ tensorflow: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice === true }));
`;

/** Loads an installed binding in a child process and computes with it. */
export async function testBinding(name: NativeBackend, folder: string, signal?: AbortSignal): Promise<SelfTestResult> {
  const env = { TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '1' };
  try {
    const output = await runCommand(process.execPath, ['-e', program(bindingPackages[name])], {
      cwd: join(folder),
      env,
      ...(signal === undefined ? {} : { signal }),
    });
    return JSON.parse(output.trim().split('\n').pop() ?? '') as SelfTestResult;
  } catch (cause) {
    throw new SegError('backend-failure', {
      where: 'installBackend',
      problem: `the ${name} backend was built but fails its self-test: ${clause(cause)}`,
      hint: 'What was installed before is untouched. The lines above name the library or function that fails.',
      cause,
    });
  }
}
