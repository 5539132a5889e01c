export { imageInfo } from './image-info.ts';
export { type ReadHdf5Options, readHdf5 } from './read-hdf5.ts';
export { type ReadImageOptions, readImage } from './read-image.ts';
export { type ImageSlab, type ImageSlabs, type ReadImageSlabsOptions, readImageSlabs } from './read-image-slabs.ts';
export { type ReadNiftiOptions, readNifti } from './read-nifti.ts';
export { type ReadVolumeOptions, readLabelMap, readVolume } from './read-volume.ts';
export { writeFileAtomic } from './write-file-atomic.ts';
export { type WriteImageOptions, writeImage } from './write-image.ts';
export { type WriteNiftiOptions, writeNifti } from './write-nifti.ts';
