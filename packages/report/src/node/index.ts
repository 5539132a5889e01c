export { svgToPng } from './svg-to-png.ts';
export { buildTrainingReport, writeFileAtomic } from './write-report.ts';
