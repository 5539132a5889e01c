export {
  type Affine,
  affineFromSpacing,
  determinantOfAffine,
  invertAffine,
  multiplyAffine,
  RIGHT_ANGLES,
  shearOfAffine,
  spacingOfAffine,
  type Triple,
  transformPoint,
} from './affine.ts';
export { checkOption, isSegError, nearestName, SegError, type SegErrorCode, type SegErrorOptions } from './errors.ts';
export { type CaseAnnotation, IGNORED_CODE, LabelSpace, type NamedRegion, paintedValue } from './labels/label-space.ts';
export type { LabelChannel, LabelSpaceConfig } from './labels/label-space-config.ts';
export type { ApplyContext, Initialiser, Network, ParamRole, ParamSpec, ParamSpecs, Params } from './network.ts';
export { nextTask } from './next-task.ts';
export { checkParams, countParams, disposeParams, filterParams, initialValues, mapParams } from './params.ts';
export type {
  LinesSection,
  MapSection,
  RankedCase,
  ReportSection,
  RunMap,
  ScatterSection,
  TableSection,
  TextSection,
} from './report-section.ts';
export { Rng, type RngState } from './rng.ts';
export { createVolume, type Volume, type VolumeOptions, type VoxelArray, voxelCount, voxelVolumeMl } from './volume.ts';
