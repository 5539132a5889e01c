export {
  bindingPackages,
  findInstalled,
  type InstalledBackend,
  type NativeBackend,
  nativeBackends,
  nativeFolder,
} from '../native/installed.ts';
export { type DoctorOptions, doctor } from './doctor/doctor.ts';
export { formatDoctor } from './doctor/format-doctor.ts';
export type { Advice, BackendFinding, BackendMemory, DoctorReport, RevectorizerFinding } from './doctor/report.ts';
export { type DriverReport, inspectDriver } from './native/cuda-libraries.ts';
export { type InstallBackendOptions, installBackend, listBackends, removeBackend } from './native/install-backend.ts';
export type { InstallProgress, InstallStep, OnProgress } from './native/progress.ts';
