import { at, byIndex, type Values } from '../values.ts';

/** Trilinear with half-pixel centres and clamped edges, on [N,D,H,W,C]. */
export function trilinear(x: Values, size: readonly number[]): Values {
  const shape = [x.shape[0]!, ...size, x.shape[4]!];
  return byIndex(shape, (index) => {
    const corners = [1, 2, 3].map((axis) => {
      const length = x.shape[axis]!;
      const place = Math.min(Math.max(((index[axis]! + 0.5) * length) / size[axis - 1]! - 0.5, 0), length - 1);
      const low = Math.floor(place);
      return { low, high: Math.min(low + 1, length - 1), share: place - low };
    });
    let sum = 0;
    for (let corner = 0; corner < 8; corner++) {
      let weight = 1;
      const place = corners.map(({ low, high, share }, a) => {
        const upper = (corner >> a) % 2 === 1;
        weight *= upper ? share : 1 - share;
        return upper ? high : low;
      });
      sum += weight * at(x, [index[0]!, ...place, index[4]!]);
    }
    return sum;
  });
}

/** Bilinear with half-pixel centres or without, on [N,H,W,C]. */
export function bilinear(x: Values, [height, width]: readonly [number, number], halfPixelCenters: boolean): Values {
  const axis = (i: number, from: number, to: number) => {
    const place = halfPixelCenters ? Math.max(((i + 0.5) * from) / to - 0.5, 0) : (i * from) / to;
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, from - 1), share: place - low };
  };
  return byIndex([x.shape[0]!, height, width, x.shape[3]!], ([n, i, j, c]) => {
    const h = axis(i!, x.shape[1]!, height);
    const w = axis(j!, x.shape[2]!, width);
    const row = (r: number) => at(x, [n!, r, w.low, c!]) * (1 - w.share) + at(x, [n!, r, w.high, c!]) * w.share;
    return row(h.low) * (1 - h.share) + row(h.high) * h.share;
  });
}
