export { svgToPng } from './svg-to-png.ts';
export { buildTrainingReport } from './write-report.ts';
