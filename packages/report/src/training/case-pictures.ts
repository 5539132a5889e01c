import type { Volume } from '@seg/core';
import { cssColour, labelColour } from '../colour/label-colours.ts';
import { escapeHtml, figure, figureGroup, type Html, rawHtml } from '../html/html.ts';
import { type Plane, planeView, type SlicePosition } from '../montage/plane.ts';
import { pngDataUrl } from '../montage/raster.ts';
import { chooseSlices, sliceMontage } from '../montage/slice-montage.ts';
import type { TrainingReport } from './training-report.ts';

/** A case to show: the image, its reference and the prediction on the same grid. */
export interface CasePicture {
  readonly id: string;
  /** Such as "best", "median", "worst"; none where there is nothing to rank. */
  readonly rank?: string;
  readonly image: Volume;
  readonly reference: Volume;
  readonly prediction: Volume;
}

/** Pixels of a slice; three of them fit side by side into a page. */
const TILE = 320;
/** Slices by plane: labels are most often drawn in axial slices. */
const COUNTS = { axial: 3, coronal: 1, sagittal: 1 } as const satisfies Record<Plane, number>;

/**
 * Slices of chosen cases, with the patient's directions, where each slice lies, and the Dice of the case; outlines have
 * the colours that the classes have in the charts.
 */
export function casePictures({ labels, cases, pictures }: TrainingReport): Html[] {
  return [legend(labels), ...pictures.map((picture) => casePicture(picture, diceOf(picture.id)))];

  function diceOf(id: string): string {
    const scores = cases.find((item) => item.id === id)?.scores ?? [];
    const parts = labels.flatMap(({ value, name }) => {
      const score = scores.find(({ label }) => label === value);
      if (score === undefined) return [];
      return [`${name} ${Number.isFinite(score.dice) ? score.dice.toFixed(3) : 'not defined'}`];
    });
    return parts.length === 0 ? 'Dice not known' : `Dice: ${parts.join(', ')}`;
  }
}

function legend(labels: TrainingReport['labels']): Html {
  const items = labels.map(
    ({ value, name }) =>
      `<span class="key"><i style="background:${cssColour(labelColour(value))}"></i>${escapeHtml(name)}</span>`,
  );
  return rawHtml(
    `<p>${items.join(' ')}</p><p>Solid: reference; dashed: prediction, where it differs.<br>R right, L left, A anterior, P posterior, S superior, I inferior.</p>`,
  );
}

function casePicture({ id, rank, image, reference, prediction }: CasePicture, dice: string): Html {
  const layers = [
    { labels: reference, lineWidth: 2 },
    { labels: prediction, lineWidth: 2, line: 'dashed' as const },
  ];
  const slices = (Object.keys(COUNTS) as Plane[]).flatMap((plane) => {
    const view = planeView(image, plane);
    return chooseSlices(view, [reference, prediction], COUNTS[plane]).map((slice) => {
      const montage = sliceMontage(image, layers, { plane, slices: [slice], tileSize: TILE, framed: true });
      return figure(pngDataUrl(montage), `${plane}, ${describe(view.position(slice))}`);
    });
  });
  return figureGroup(slices, rank === undefined ? `${id}.` : `${rank}: ${id}.`, `${dice}.`);
}

/** "z = -31.5 mm (voxel 12)": RAS+ mm, and the voxel's number from 0 as in the file. */
const describe = ({ axis, mm, index }: SlicePosition) => `${axis} = ${mm.toFixed(1)} mm (voxel ${index})`;
