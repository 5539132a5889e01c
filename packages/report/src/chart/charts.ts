import type { Config } from 'vega-lite';
import { cssColour, labelColour } from '../colour/label-colours.ts';
import type { ChartSpec } from './render-chart.ts';

export interface Series {
  readonly name: string;
  /** [x, y]; points whose y is not finite are left out. */
  readonly points: readonly (readonly [number, number])[];
  /** As in CSS; default that of the class with the series' number, from 1. */
  readonly colour?: string;
}

export interface AxisOptions {
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Logarithmic y axis; points with y <= 0 are left out. Default false. */
  readonly logY?: boolean;
  /** y range; default: from the data. */
  readonly yDomain?: readonly [number, number];
  /** Pixels, default 400 x 220. */
  readonly width?: number;
  readonly height?: number;
}

/** The page's own text colour, so that charts follow it into a dark theme; black where there is no page. */
export const INK = 'currentColor';

const config: Config = {
  background: 'transparent',
  font: 'system-ui, "DejaVu Sans", sans-serif',
  view: { stroke: null },
  axis: {
    gridColor: INK,
    gridOpacity: 0.12,
    domainColor: INK,
    domainOpacity: 0.5,
    tickColor: INK,
    tickOpacity: 0.5,
    labelColor: INK,
    labelOpacity: 0.85,
    titleColor: INK,
  },
  legend: { labelColor: INK, titleColor: INK },
  title: { color: INK },
  mark: { color: INK },
};

/** Lines over a common x axis: loss and learning curves. */
export function lineChart(series: readonly Series[], options: AxisOptions): ChartSpec {
  const values = series.flatMap(({ name, points }) =>
    points.filter(([, y]) => Number.isFinite(y) && (!options.logY || y > 0)).map(([x, y]) => ({ x, y, series: name })),
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...frame(options),
    data: { values },
    mark: { type: 'line', strokeWidth: 1.6, point: values.length <= 60 ? { size: 18 } : false },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: options.xTitle, scale: { nice: false } },
      y: yAxis(options),
      color: colour('series', series),
    },
  };
}

export interface Group {
  readonly name: string;
  readonly values: readonly number[];
  /** As in CSS; default that of the class with the group's number, from 1. */
  readonly colour?: string;
}

/** One dot a value, spread sideways, with the median as a bar: scores of cases by class. */
export function dotChart(groups: readonly Group[], options: AxisOptions): ChartSpec {
  const names = groups.map((g) => g.name);
  const dots = groups.flatMap(({ name, values }) =>
    values.filter(Number.isFinite).map((y, i, all) => ({ group: name, y, jitter: spread(i, all.length) })),
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...frame(options),
    data: { values: dots },
    encoding: {
      x: {
        field: 'group',
        type: 'nominal',
        title: options.xTitle,
        sort: names,
        axis: { labelAngle: names.length > LEVEL_NAMES ? -40 : 0 },
      },
    },
    layer: [
      {
        mark: { type: 'circle', opacity: 0.8, size: 45 },
        encoding: {
          y: yAxis(options),
          xOffset: { field: 'jitter', type: 'quantitative', scale: { domain: [-1, 1] } },
          color: { ...colour('group', groups), legend: null },
        },
      },
      {
        mark: { type: 'tick', thickness: 2, color: INK, width: 34 },
        encoding: { y: { aggregate: 'median', field: 'y', type: 'quantitative', title: options.yTitle } },
      },
    ],
  };
}

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  readonly group: string;
  readonly label?: string;
}

/** Points in a plane, coloured by group: latent maps, score against score. */
export function scatterChart(points: readonly ScatterPoint[], options: AxisOptions): ChartSpec {
  const groups = [...new Set(points.map((p) => p.group))].map((name) => ({ name }));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...frame(options),
    data: { values: points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y)).map((p) => ({ ...p })) },
    mark: { type: 'circle', size: 40, opacity: 0.75 },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: options.xTitle, scale: { zero: false } },
      y: yAxis(options),
      color: colour('group', groups),
    },
  };
}

function frame({ title, width = 400, height = 220 }: AxisOptions) {
  return { width, height, config, ...(title === undefined ? {} : { title }) };
}

function yAxis({ yTitle, logY, yDomain }: AxisOptions) {
  const scale = {
    zero: false,
    ...(logY ? { type: 'log' as const } : {}),
    ...(yDomain ? { domain: [...yDomain] } : {}),
  };
  return { field: 'y', type: 'quantitative' as const, title: yTitle, scale };
}

/** Lines of a legend do not become longer than the chart is wide. */
const LEGEND_COLUMNS = 3;
const LEGEND_TEXT_PIXELS = 120;
/** More names than this do not fit side by side below an axis. */
const LEVEL_NAMES = 6;

function colour(field: 'series' | 'group', items: readonly { readonly name: string; readonly colour?: string }[]) {
  const legend =
    items.length > 1
      ? { title: null, orient: 'bottom' as const, columns: LEGEND_COLUMNS, labelLimit: LEGEND_TEXT_PIXELS }
      : null;
  const domain = items.map(({ name }) => name);
  const range = items.map((item, i) => item.colour ?? cssColour(labelColour(i + 1)));
  return { field, type: 'nominal' as const, legend, sort: domain, scale: { domain, range } };
}

/** A fixed zigzag in [-0.5, 0.5]: looks like jitter, but the same data give the same picture. */
function spread(index: number, count: number): number {
  return count < 2 ? 0 : ((0.5 + index * 0.618034) % 1) - 0.5;
}
