export { fusedKernels } from './fused-kernels.ts';
