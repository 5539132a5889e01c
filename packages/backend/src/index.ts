export type { BackendCapacity } from './capacity.ts';
export type { ConformanceResult, Verdict } from './conformance/check-case.ts';
export type { ConformanceGroup } from './conformance/conformance-case.ts';
export { formatConformance } from './conformance/format-conformance.ts';
export { type ConformanceOptions, conformanceGroups, conforms, runConformance } from './conformance/run-conformance.ts';
export {
  type BackendName,
  backendNames,
  type StartBackendOptions,
  type StartedBackend,
  startBackend,
} from './start-backend.ts';
