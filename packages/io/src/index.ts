export type { CacheContent } from './cache/cache-entry.ts';
export { type BidsName, type BidsRole, parseBidsName } from './dataset/bids-name.ts';
export { splitChannelSuffix } from './dataset/case-names.ts';
export type { Dataset, DatasetCase, DatasetLayout, LabelMap } from './dataset/dataset-types.ts';
export type { DatasetManifest, LabelDefinition, ManifestCase, Split } from './dataset/manifest-types.ts';
export { groupImages } from './dataset/naming/group-images.ts';
export type { GroupedImages, ImageFile, ImageGroup, RefusedGroup } from './dataset/naming/image-group.ts';
export { imageNaming } from './dataset/naming/image-naming.ts';
export type { BidsChannel, ChannelMark, ImageNaming } from './dataset/naming/naming-types.ts';
export { parseNnunetName } from './dataset/nnunet-name.ts';
export { parseManifest } from './dataset/parse-manifest.ts';
export { crossValidationSplits, type DatasetSplit, type SplitOptions, splitDataset } from './dataset/split-dataset.ts';
export { stackChannels } from './dataset/stack-channels.ts';
export {
  describeFinding,
  type Finding,
  type FindingCode,
  formatVerificationReport,
  type VerificationReport,
} from './dataset/verification-report.ts';
export { commonOrientation, type StoredGrid } from './fingerprint/common-orientation.ts';
export { type FarSpacing, farSpacings } from './fingerprint/far-spacings.ts';
export { channelKind, type FingerprintOptions, fingerprint } from './fingerprint/fingerprint.ts';
export type {
  CaseFingerprint,
  ChannelFingerprint,
  ChannelKind,
  Fingerprint,
  IntensityStatistics,
} from './fingerprint/fingerprint-types.ts';
export type { ImageInfo, ImageInfoError } from './formats/image-info.ts';
export { type ItkImage, imageOfItk } from './formats/image-of-itk.ts';
export type { ByteOrder, ImageArray, ImageDtype, ImageFormat, MedicalImage } from './formats/medical-image.ts';
export { type EncodeMetaImageOptions, encodeMetaImage } from './formats/metaimage/encode-metaimage.ts';
export { type MetaImage, type ParseMetaImageOptions, parseMetaImage } from './formats/metaimage/parse-metaimage.ts';
export { type EncodeNiftiOptions, encodeNifti, encodeNiftiPair } from './formats/nifti/encode-nifti.ts';
export type { NiftiExtension } from './formats/nifti/nifti-extensions.ts';
export { type NiftiHeader, niftiUnits } from './formats/nifti/nifti-header.ts';
export {
  type NiftiImage,
  type ParseNiftiOptions,
  parseNifti,
  readNiftiHeader,
} from './formats/nifti/parse-nifti.ts';
export { encodeNpy } from './formats/npy/encode-npy.ts';
export type { NpyArray, NpyData, NpyDtype } from './formats/npy/npy-array.ts';
export { encodeNpz, parseNpz } from './formats/npy/npz.ts';
export { parseNpy } from './formats/npy/parse-npy.ts';
export { type EncodeNrrdOptions, encodeNrrd } from './formats/nrrd/encode-nrrd.ts';
export { type NrrdImage, type ParseNrrdOptions, parseNrrd } from './formats/nrrd/parse-nrrd.ts';
export { type ScaledDataOptions, scaledData } from './formats/scaled-data.ts';
export { toLabelMap } from './formats/to-label-map.ts';
export { type ToVolumeOptions, toVolume } from './formats/to-volume.ts';
export type { Interpolation } from './geometry/axis-kernel.ts';
export { crop, cropOrPad, extractBox, type PadOptions, pad, type VoxelBox } from './geometry/crop-pad.ts';
export { type Grid, gridDistance, gridOf, sameGrid } from './geometry/grid.ts';
export { type ChannelSlab, LargestChannel, type LargestChannelOptions } from './geometry/largest-channel.ts';
export { cropToNonzero, nonzeroBox, nonzeroMask } from './geometry/nonzero.ts';
export { axisCodesOf } from './geometry/orientation.ts';
export {
  type GeometryStep,
  type InvertOptions,
  invertGeometry,
  type PreprocessingRecord,
  preprocessGeometry,
  type RecordedStep,
  replayGeometry,
} from './geometry/preprocessing.ts';
export { reorient, toCanonical } from './geometry/reorient.ts';
export { type ResampleOptions, type ResampleTarget, resample } from './geometry/resample.ts';
export { type ResampleLabelsOptions, resampleLabels } from './geometry/resample-labels.ts';
export { thickSliceAxis } from './geometry/thick-slices.ts';
export { voxelToWorld, worldToVoxel } from './geometry/world.ts';
export { type GunzipOptions, gunzip } from './gzip/gunzip.ts';
export { generatePhantom, organLabels, type Phantom, type PhantomOptions } from './phantom/generate-phantom.ts';
export { DEFAULT_ORGANS, type OrganPart, type PhantomOrgan } from './phantom/organ.ts';
export { PUBLIC_DATASETS, type PublicDataset } from './registry/public-datasets.ts';
export { type DecodeSafetensorsOptions, decodeSafetensors } from './safetensors/decode-safetensors.ts';
export { type EncodeSafetensorsOptions, encodeSafetensors } from './safetensors/encode-safetensors.ts';
export type {
  SafetensorsArray,
  SafetensorsDtype,
  SafetensorsFile,
  SafetensorsTensor,
} from './safetensors/safetensors-types.ts';
