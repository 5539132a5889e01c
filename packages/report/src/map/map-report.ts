import { SegError } from '@seg/core';
import { details, escapeHtml, figure, figureRow, paragraph, rawHtml, renderDocument, table } from '../html/html.ts';
import { galleryMembers } from './gallery-members.ts';
import { mapScript } from './map-script.ts';
import { mapStyle } from './map-style.ts';

/** A case of a data set's map. */
export interface MapReportCase {
  readonly id: string;
  /** Cluster from 0; -1 for none. */
  readonly cluster: number;
  /** Whether the case stands out and should be looked at. */
  readonly flagged: boolean;
  /** NaN where it is not known. */
  readonly volumeMl: number;
  /** By name of the score, higher is more suspect; NaN where it was not computed, infinity for an empty label. */
  readonly scores: Readonly<Record<string, number>>;
  /** `data:` URL of slices with the label and the dominant style's prediction; absent: the page says so. */
  readonly picture?: string;
}

export interface MapReport {
  readonly title: string;
  readonly subtitle?: string;
  /** Most suspect first. */
  readonly cases: readonly MapReportCase[];
  /** The score that the cases are sorted by. */
  readonly recommendedScore: string;
  /** Places of all cases in the plane, in the order of `cases`, from the start to the end of the training. */
  readonly history: readonly { readonly step: number; readonly points: readonly (readonly [number, number])[] }[];
  /** What the two directions of the plane are. */
  readonly axes: readonly [string, string];
  /** Place of the dominant style in the plane. */
  readonly dominant: readonly [number, number];
  /** What lies there: the median of all latents, or the latent 0. */
  readonly dominantName: 'median' | 'origin';
  /** Columns of the CSV file: `case`, `cluster`, `flagged`, `volume_ml` and names of scores, in the order of the run's. */
  readonly columns: readonly string[];
  /** Centres of the clusters in the plane, by number. */
  readonly clusters: readonly { readonly centre: readonly [number, number]; readonly size: number }[];
  /** Facts for the table at the top, in order. */
  readonly summary: readonly (readonly [string, string | number])[];
}

/**
 * The map of a data set as one HTML page that opens from disk, without a server or the network: points to hover and
 * click, colours by cluster, flag or volume, a slider through the training, the ranking with CSV export, and a gallery
 * for each cluster.
 *
 * @throws SegError `invalid-argument` without cases or history, or where the history has another number of points,
 * a case is in a cluster that is not listed, or a column is unknown.
 */
export function renderMapReport(report: MapReport): string {
  checkReport(report);
  const { cases, clusters, history, summary, recommendedScore, axes, dominant, dominantName, columns } = report;
  const hasPictures = cases.some(({ picture }) => picture !== undefined);
  const data = {
    recommendedScore,
    axes,
    dominant,
    dominantName,
    columns,
    clusters,
    history: history.map(({ step, points }) => ({ step, points: points.map(([x, y]) => [short(x, 6), short(y, 6)]) })),
    cases: cases.map(({ scores, ...rest }) => ({
      ...rest,
      // What the table is sorted by is its first column.
      scores: Object.fromEntries(
        [recommendedScore, ...Object.keys(scores).filter((name) => name !== recommendedScore)].map((name) => {
          const score = scores[name] ?? Number.NaN;
          // JSON has no infinity. Digits are those of the run's CSV file.
          return [name, score === Number.POSITIVE_INFINITY ? 'inf' : Number.isFinite(score) ? short(score, 8) : null];
        }),
      ),
    })),
  };
  return renderDocument({
    title: report.title,
    ...(report.subtitle === undefined ? {} : { subtitle: report.subtitle }),
    sections: [
      {
        title: 'Summary',
        content: [
          table(
            ['', ''],
            summary.map((row) => [...row]),
          ),
        ],
      },
      {
        title: 'Map',
        content: [
          paragraph(
            `Each point is a case, placed by its latent. The lines cross at ${dominantName === 'median' ? 'the median of all of them' : 'latent 0'}, the dominant style of annotation; what lies far from it was labelled differently. Small crosses are centres of clusters. Click a point for ${hasPictures ? 'its slices' : 'its scores'}.`,
          ),
          rawHtml(controls(history.length)),
          rawHtml(
            '<div class="map"><canvas id="map" width="1200" height="960" tabindex="0" aria-label="Map of the cases"></canvas><aside id="case" aria-live="polite"></aside></div><div id="tip" role="tooltip" hidden></div><div id="legend"></div>',
          ),
        ],
      },
      {
        title: 'Ranking',
        content: [
          paragraph(`Most suspect first, by ${recommendedScore}; click a heading to sort by it.`),
          rawHtml(
            '<p><button id="csv" type="button">Save as CSV</button></p><div class="scroll"><table id="ranking"></table></div>',
          ),
        ],
      },
      { title: 'Clusters', content: clusters.map((_, c) => gallery(report, c)) },
    ],
  }).replace(
    '</body>',
    // A "<" inside JSON could end the script element.
    () =>
      `<style>${mapStyle}</style>\n<script id="data" type="application/json">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>\n<script>${mapScript}</script>\n</body>`,
  );
}

function controls(records: number): string {
  const last = Math.max(0, records - 1);
  return `<p class="controls"><label>Colour <select id="colour"><option value="cluster">cluster</option><option value="flag">flag</option><option value="volume">volume</option></select></label> <label>Training <input id="time" type="range" min="0" max="${last}" value="${last}"></label> <output id="step"></output> <button id="play" type="button">Play</button></p>`;
}

function gallery({ cases, clusters, history }: MapReport, cluster: number) {
  const { centre, size } = clusters[cluster]!;
  const places = history[history.length - 1]!.points;
  const members = galleryMembers(cases, places, { cluster, centre }).map((i) => cases[i]!);
  const shown = members.filter(({ picture }) => picture !== undefined);
  const others = shown.length === 0 ? [] : members.filter(({ picture }) => picture === undefined);
  const volumes = cases.filter((c) => c.cluster === cluster && !Number.isNaN(c.volumeMl)).map((c) => c.volumeMl);
  const mean = volumes.reduce((a, b) => a + b, 0) / volumes.length;
  const volume = volumes.length === 0 ? '' : `, mean volume ${mean.toPrecision(3)} ml`;
  const place = escapeHtml(centre.map((v) => v.toPrecision(3)).join(', '));
  return details(`Cluster ${cluster}: ${size} cases${volume}`, [
    rawHtml(shown.length > 0 ? `<p>Nearest to the centre at (${place}):</p>` : `<p>Centre at (${place}).</p>`),
    figureRow(shown.map(({ picture, id }) => figure(picture!, id))),
    ...(others.length === 0 ? [] : [paragraph(`As near, without slices: ${others.map(({ id }) => id).join(', ')}`)]),
  ]);
}

function checkReport({ cases, history, clusters, columns }: MapReport): void {
  const refuse = (problem: string, got: unknown): never => {
    throw new SegError('invalid-argument', { where: 'renderMapReport', problem, got });
  };
  if (cases.length === 0) refuse('there are no cases', cases.length);
  if (history.length === 0) refuse('there is no history; give the final places at least', history.length);
  for (const { step, points } of history) {
    if (points.length !== cases.length) refuse(`step ${step} has another number of points than cases`, points.length);
  }
  const unknown = cases.find(({ cluster }) => cluster >= clusters.length);
  if (unknown !== undefined) refuse(`case ${unknown.id} is in a cluster that is not listed`, unknown.cluster);
  const names = ['case', 'cluster', 'flagged', 'volume_ml', ...Object.keys(cases[0]!.scores)];
  const odd = columns.find((name) => !names.includes(name));
  if (odd !== undefined) refuse(`a column is none of ${names.join(', ')}`, odd);
}

const short = (v: number, digits: number) => Number(v.toPrecision(digits));
