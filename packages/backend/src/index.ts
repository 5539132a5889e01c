export {
  type BackendName,
  backendNames,
  type StartBackendOptions,
  type StartedBackend,
  startBackend,
} from './start-backend.ts';
