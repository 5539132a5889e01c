export {
  type CuratedCase,
  type CurateOptions,
  type CurationResult,
  type CurationStage,
  curateDataset,
} from './curate-dataset.ts';
export { type LoadedStyles, loadStyleModel } from './style-model-files.ts';
