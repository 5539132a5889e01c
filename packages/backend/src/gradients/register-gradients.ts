import { getGradient } from '@tensorflow/tfjs-core';

/**
 * Registers tfjs's gradients where the build of tfjs-core has none.
 *
 * The browser build of tfjs-core registers them itself; its Node build does not, and tfjs-layers is the package that
 * does it there (about 60 ms). A second call does nothing.
 */
export async function registerGradients(): Promise<void> {
  if (getGradient('Sum') === undefined) await import('@tensorflow/tfjs-layers');
}
