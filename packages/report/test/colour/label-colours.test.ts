import { describe, expect, it } from 'vitest';
import { cssColour, labelColour, labelColours } from '../../src/index.ts';

/** Relative luminance as WCAG 2 defines it, written out again here. */
function luminance([r, g, b]: readonly number[]): number {
  const linear = (v: number) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r!) + 0.7152 * linear(g!) + 0.0722 * linear(b!);
}

function contrast(one: readonly number[], other: readonly number[]): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const WHITE = [255, 255, 255];
/** The cards of dark pages, #171b21. */
const DARK = [0x17, 0x1b, 0x21];
/** Of WCAG, for graphics. */
const LEAST_CONTRAST = 3;
const VALUES = Array.from({ length: 120 }, (_, i) => i + 1);

describe('labelColour', () => {
  it('is checked by a formula that gives the known contrast of #767676 on white', () => {
    expect(contrast([0x76, 0x76, 0x76], WHITE)).toBeCloseTo(4.54, 2);
  });

  it('stands out from light and dark pages, for any number of classes', () => {
    for (const value of VALUES) {
      expect(contrast(labelColour(value), WHITE), `label ${value} on white`).toBeGreaterThan(LEAST_CONTRAST);
      expect(contrast(labelColour(value), DARK), `label ${value} on dark`).toBeGreaterThan(LEAST_CONTRAST);
    }
  });

  it('gives every label value a colour of its own, and the listed ones clearly', () => {
    expect(new Set(VALUES.map((value) => labelColour(value).join())).size).toBe(VALUES.length);
    labelColours.forEach((one, i) => {
      expect(labelColour(i + 1)).toBe(one);
      for (const other of labelColours.slice(i + 1)) {
        expect(Math.hypot(...one.map((v, k) => v - other[k]!))).toBeGreaterThan(45);
      }
    });
  });

  it('is written as CSS with two digits a channel', () => {
    expect(cssColour([0, 158, 255])).toBe('#009eff');
  });
});
