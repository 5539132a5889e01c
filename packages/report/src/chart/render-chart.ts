import { SegError } from '@seg/core';
import type { TopLevelSpec } from 'vega-lite';

/** A chart in the Vega-Lite language; the builders of this package return one, and any other will do. */
export type ChartSpec = TopLevelSpec;

/**
 * Draws a Vega-Lite chart as an SVG document, without a DOM, a canvas or the network.
 *
 * @throws SegError `invalid-argument` when Vega-Lite does not accept the specification.
 */
export async function renderChart(spec: ChartSpec): Promise<string> {
  // Vega takes a third of a second to load, so only a program that draws pays for it.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  try {
    const compiled = vegaLite.compile(spec, { logger: silentLogger }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.None });
    const svg = await view.toSVG();
    view.finalize();
    return svg;
  } catch (cause) {
    throw new SegError('invalid-argument', {
      where: 'renderChart',
      problem: `the chart could not be drawn: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

const silentLogger = {
  level: () => silentLogger,
  error: () => silentLogger,
  warn: () => silentLogger,
  info: () => silentLogger,
  debug: () => silentLogger,
} as never;
