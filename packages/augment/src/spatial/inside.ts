import { EDGE_TOLERANCE } from './row-ranges.ts';

/** Whether a coordinate lies on the input's grid, from 0 to the last index of each axis. */
export function isInside(z: number, y: number, x: number, maxZ: number, maxY: number, maxX: number): boolean {
  return (
    z >= -EDGE_TOLERANCE &&
    y >= -EDGE_TOLERANCE &&
    x >= -EDGE_TOLERANCE &&
    z <= maxZ + EDGE_TOLERANCE &&
    y <= maxY + EDGE_TOLERANCE &&
    x <= maxX + EDGE_TOLERANCE
  );
}

/** The nearest value from 0 to max. */
export function clamp(value: number, max: number): number {
  return value < 0 ? 0 : Math.min(value, max);
}
