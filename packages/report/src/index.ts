export {
  type AxisOptions,
  dotChart,
  type Group,
  lineChart,
  type ScatterPoint,
  type Series,
  scatterChart,
} from './chart/charts.ts';
export { type ChartSpec, renderChart } from './chart/render-chart.ts';
export { type Colour, cssColour, labelColour, labelColours } from './colour/label-colours.ts';
export {
  details,
  escapeHtml,
  figure,
  figureGroup,
  figureRow,
  type Html,
  type HtmlDocument,
  paragraph,
  rawHtml,
  renderDocument,
  type Section,
  type TableOptions,
  table,
} from './html/html.ts';
export { type Curation, type CurationReportOptions, type CurationRow, curationReport } from './map/curation-report.ts';
export { type LatentMap, latentMapReport, type RankingRow, type ScoredRow } from './map/latent-map-report.ts';
export { mapPage } from './map/map-page.ts';
export { type MapReport, type MapReportCase, renderMapReport } from './map/map-report.ts';
export type { Direction } from './montage/glyphs.ts';
export { type Plane, type PlaneView, planeView, type SlicePosition } from './montage/plane.ts';
export {
  blankImage,
  encodePng,
  pasteImage,
  pngDataUrl,
  type RasterImage,
} from './montage/raster.ts';
export { type ContourLayer, type MontageOptions, sliceMontage } from './montage/slice-montage.ts';
export type { CasePicture } from './training/case-pictures.ts';
export {
  type CaseRecord,
  type LabelScores,
  renderTrainingReport,
  type StepRecord,
  type TrainingReport,
  type ValidationRecord,
} from './training/training-report.ts';
