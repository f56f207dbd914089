import { COLOR_NAMES } from '../../src/pages/color-names';
import { type PageColors, palettes } from '../../src/pages/colors';
import { parseColor } from '../../src/pages/parse-color';
import { contrast, type Rgb } from '../../src/pages/rgb';

const rounded = (color: string) => parseColor(color)?.map((value) => Math.round(value));

describe('parseColor()', () => {
  it.each([
    ['#fff', [255, 255, 255]],
    ['#2456D6', [36, 86, 214]],
    ['#2456d6ff', [36, 86, 214]],
    ['rebeccapurple', [102, 51, 153]],
    ['Tomato', [255, 99, 71]],
    ['rgb(36 86 214)', [36, 86, 214]],
    ['rgb(36, 86, 214)', [36, 86, 214]],
    ['rgba(36, 86, 214, 1)', [36, 86, 214]],
    ['rgb(100% 0% 50% / 100%)', [255, 0, 128]],
    ['hsl(120, 100%, 25%)', [0, 128, 0]],
    ['hsl(0.5turn 50% 50%)', [64, 191, 191]],
    ['hsl(-120deg 100% 50%)', [0, 0, 255]],
    ['oklch(62.8% 0.2577 29.23)', [255, 0, 0]],
    ['oklch(1 0 0)', [255, 255, 255]],
  ])('reads %s', (text, expected) => {
    expect(rounded(text)).toEqual(expected);
  });

  it.each([
    '',
    '#ff',
    '#12345',
    '#fff8',
    '#2456d680',
    'rgb(1 2)',
    'rgb(1 2 3 / 0.5)',
    'rgb(1deg 2 3)',
    'hsl(10% 50% 50%)',
    'blurple',
    'transparent',
    'currentColor',
    'inherit',
    'var(--x)',
    'url(https://evil.example)',
    '#fff; } body { display: none',
    'red}',
  ])('rejects %j', (text) => {
    expect(parseColor(text)).toBeUndefined();
  });

  it('knows the 148 named colours of CSS', () => {
    expect(COLOR_NAMES.size).toBe(148);
    expect([...COLOR_NAMES.values()].every((color) => /^#[0-9a-f]{6}$/.test(color))).toBe(true);
  });
});

describe('palettes()', () => {
  const schemes = (colors?: PageColors) => Object.entries(palettes('x', colors));
  const rgb = (color: string | undefined): Rgb => parseColor(color ?? '') as Rgb;

  it.each<[string, PageColors | undefined]>([
    ['the default colours', undefined],
    ['a black accent', { accent: '#000' }],
    ['a white accent', { accent: 'white' }],
    ['a yellow accent', { accent: '#ffd400' }],
    ['a grey accent', { accent: '#777' }],
    ['a dark light scheme', { background: '#111', surface: '#222', text: '#eee' }],
    ['a light dark scheme', { dark: { background: '#eee', surface: '#fff', text: '#333' } }],
    ['text of the smallest contrast', { background: '#fff', surface: '#fff', text: '#767676' }],
  ])('give every text a contrast of 4.5:1 and every outline 3:1 with %s', (_, colors) => {
    for (const [scheme, palette] of schemes(colors)) {
      const ratio = (color: string, back: string) =>
        contrast(rgb(palette[color]), rgb(palette[back]));
      for (const back of ['background', 'surface']) {
        for (const text of ['text', 'muted', 'accent-text', 'alarm']) {
          expect([scheme, text, back, ratio(text, back) >= 4.5]).toEqual([
            scheme,
            text,
            back,
            true,
          ]);
        }
        for (const outline of ['field', 'accent-edge', 'caution']) {
          expect([scheme, outline, ratio(outline, back) >= 3]).toEqual([scheme, outline, true]);
        }
      }
      expect(ratio('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
      expect(ratio('on-accent', 'accent-hover')).toBeGreaterThanOrEqual(4.5);
      expect(ratio('text', 'alarm-back')).toBeGreaterThanOrEqual(4.5);
      expect(ratio('text', 'caution-back')).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('keep the accent of the operator for the main button, in both schemes', () => {
    expect(schemes({ accent: 'gold' }).map(([, palette]) => palette.accent)).toEqual([
      '#ffd700',
      '#ffd700',
    ]);
  });

  it.each<[string, PageColors]>([
    ['x.text" must have a contrast of at least 4.5:1 with "background"', { background: '#333' }],
    ['x.text" must have a contrast of at least 4.5:1 with "surface"', { surface: 'navy' }],
    ['x.text" must have a contrast of at least 4.5:1 with', { text: '#999' }],
    ['x.dark.text" must have a contrast of at least 4.5:1 with', { dark: { text: '#444' } }],
  ])('are rejected: %s', (message, colors) => {
    expect(() => palettes('x', colors)).toThrow(
      expect.objectContaining({
        code: 'ERR_LATCHKEY_OPTION',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
