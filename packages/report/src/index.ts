export {
  type AxisOptions,
  dotChart,
  type Group,
  lineChart,
  type ScatterPoint,
  type Series,
  scatterChart,
  seriesColours,
} from './chart/charts.ts';
export { type ChartSpec, renderChart } from './chart/render-chart.ts';
export {
  details,
  escapeHtml,
  figure,
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
export { type Plane, type PlaneView, planeView } from './montage/plane.ts';
export {
  blankImage,
  type Colour,
  encodePng,
  labelColour,
  labelColours,
  pasteImage,
  pngDataUrl,
  type RasterImage,
} from './montage/raster.ts';
export { type ContourLayer, type MontageOptions, sliceMontage } from './montage/slice-montage.ts';
export {
  type CasePicture,
  type CaseRecord,
  type LabelScores,
  renderTrainingReport,
  type StepRecord,
  type TrainingReport,
  type ValidationRecord,
} from './training/training-report.ts';
