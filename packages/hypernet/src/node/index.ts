export {
  type CuratedCase,
  type CurateOptions,
  type CurationResult,
  type CurationStage,
  curateDataset,
} from './curate-dataset.ts';
