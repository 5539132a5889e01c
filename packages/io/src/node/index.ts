export { type CacheSource, openVolumeCache, type VolumeCache, type VolumeCacheOptions } from './cache/volume-cache.ts';
export { openDataset } from './dataset/open-dataset.ts';
export type { OpenDatasetOptions } from './dataset/read-dataset.ts';
export { type VerifyDatasetOptions, verifyDataset } from './dataset/verify-dataset.ts';
export { writeManifest } from './dataset/write-manifest.ts';
export { type PhantomDatasetOptions, writePhantomDataset } from './dataset/write-phantom-dataset.ts';
export {
  type ImageSlab,
  type ImageSlabs,
  type ItkDicom,
  imageInfo,
  type ReadDicomOptions,
  type ReadHdf5Options,
  type ReadImageOptions,
  type ReadImageSlabsOptions,
  type ReadNiftiOptions,
  type ReadVolumeOptions,
  readDicomSegmentation,
  readDicomSeries,
  readHdf5,
  readImage,
  readImageSlabs,
  readLabelMap,
  readNifti,
  readVolume,
  requireWritableFolder,
  type WriteImageOptions,
  type WriteNiftiOptions,
  writeFileAtomic,
  writeImage,
  writeNifti,
} from './files/index.ts';
export { type Download, type DownloadOptions, downloadFile } from './registry/download-file.ts';
export { type ExtractTarOptions, extractTar } from './registry/extract-tar.ts';
export { type FetchPublicDatasetOptions, fetchPublicDataset } from './registry/fetch-public-dataset.ts';
