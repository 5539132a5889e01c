import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Chromium's folder, which holds its software adapter and the Vulkan loader. */
const chromium = '/usr/lib/chromium';
const swiftShader = join(chromium, 'libvk_swiftshader.so');

/** Environment in which a new process finds Chromium's software adapter, for machines without a GPU. */
export interface SoftwareAdapter {
  readonly exists: boolean;
  /** Empty where there is no Chromium. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/** The Vulkan loader reads its variables when a process starts, so tests run the backend in one of its own. */
export function softwareAdapter(): SoftwareAdapter {
  if (!existsSync(swiftShader)) return { exists: false, env: {}, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'seg-webgpu-'));
  const driver = join(folder, 'icd.json');
  const icd = { file_format_version: '1.0.0', ICD: { library_path: swiftShader, api_version: '1.1.0' } };
  writeFileSync(driver, JSON.stringify(icd));
  return {
    exists: true,
    env: { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: chromium },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
