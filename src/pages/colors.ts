import { typeError } from '../internal/errors';
import { parseColor } from './parse-color';
import { BLACK, contrast, leastContrast, mix, type Rgb, toHex, WHITE } from './rgb';

/**
 * Colours of the pages in one scheme: opaque CSS colours (`#rgb`, `#rrggbb`, a name, `rgb()`,
 * `hsl()` or `oklch()`).
 */
export interface SchemeColors {
  /**
   * Your brand's colour, for the main button. For links and the focus ring it is made darker or
   * lighter where its contrast is too low.
   * @default '#2456d6', in dark '#8fb3ff'
   */
  readonly accent?: string;
  /** Behind everything. @default '#f5f6f8', in dark '#101216' */
  readonly background?: string;
  /** Of the box with the content. @default '#ffffff', in dark '#191c22' */
  readonly surface?: string;
  /**
   * Its contrast with `background` and `surface` must be at least 4.5:1.
   * @default '#1b1f27', in dark '#eceef2'
   */
  readonly text?: string;
}

/**
 * Colours of the pages, for users who prefer light colours, and under `dark` for those who prefer
 * dark ones.
 */
export interface PageColors extends SchemeColors {
  /** @default `accent` of the light scheme, and dark colours for the rest */
  readonly dark?: SchemeColors;
}

type ColorName = keyof SchemeColors;
type Scheme = Readonly<Record<ColorName, string>>;

const LIGHT: Scheme = {
  accent: '#2456d6',
  background: '#f5f6f8',
  surface: '#ffffff',
  text: '#1b1f27',
};
const DARK: Scheme = {
  accent: '#8fb3ff',
  background: '#101216',
  surface: '#191c22',
  text: '#eceef2',
};

/** The smallest contrast of text, and of the outline of a control (WCAG 2.2, 1.4.3 and 1.4.11). */
const TEXT_CONTRAST = 4.5;
const OUTLINE_CONTRAST = 3;

/** The value of every custom property of the style. */
export type Palette = Readonly<Record<string, string>>;

/**
 * Derives all colours of the pages, each with enough contrast.
 *
 * @param where Names the option in errors, such as `authorizationServer(): option "pages.colors`.
 * @param colors The colours of the operator.
 * @returns The light and the dark palette.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if text and background have too little contrast
 */
export function palettes(
  where: string,
  { dark = {}, ...light }: PageColors = {},
): { readonly light: Palette; readonly dark: Palette } {
  const accent = dark.accent ?? light.accent ?? DARK.accent;
  return {
    light: palette(where, { ...LIGHT, ...light }),
    dark: palette(`${where}.dark`, { ...DARK, ...dark, accent }),
  };
}

function palette(where: string, scheme: Scheme): Palette {
  const [accent, background, surface, text] = [
    rgb(scheme.accent),
    rgb(scheme.background),
    rgb(scheme.surface),
    rgb(scheme.text),
  ];
  for (const [name, color] of Object.entries({ background, surface })) {
    checkContrast(`${where}.text"`, text, [name, color]);
  }
  const backs = [background, surface];
  const readable = (color: Rgb, ratio: number, on: readonly Rgb[] = backs): Rgb =>
    towards(color, text, (mixed) => leastContrast(mixed, on) >= ratio);
  const onAccent = contrast(WHITE, accent) >= TEXT_CONTRAST ? WHITE : BLACK;
  const alarm: Rgb = [200, 30, 45];
  const caution: Rgb = [190, 125, 0];
  const tint = (color: Rgb, share: number): Rgb =>
    towards(mix(surface, color, share), surface, (mixed) => contrast(text, mixed) >= TEXT_CONTRAST);
  const alarmBack = tint(alarm, 0.09);
  const cautionBack = tint(caution, 0.12);
  return toHexes({
    text,
    background,
    surface,
    muted: readable(mix(text, surface, 0.35), TEXT_CONTRAST),
    line: mix(surface, text, 0.14),
    field: readable(mix(surface, text, 0.4), OUTLINE_CONTRAST),
    accent,
    'on-accent': onAccent,
    'accent-hover': mix(accent, onAccent === WHITE ? BLACK : WHITE, 0.12),
    'accent-edge': readable(accent, OUTLINE_CONTRAST),
    'accent-text': readable(accent, TEXT_CONTRAST),
    alarm: readable(alarm, TEXT_CONTRAST, [...backs, alarmBack]),
    'alarm-back': alarmBack,
    caution: readable(caution, OUTLINE_CONTRAST, [...backs, cautionBack]),
    'caution-back': cautionBack,
  });
}

/** The option was checked before, so every colour can be parsed. */
const rgb = (color: string): Rgb => parseColor(color) ?? BLACK;

const toHexes = (colors: Readonly<Record<string, Rgb>>): Palette =>
  Object.fromEntries(Object.entries(colors).map(([name, color]) => [name, toHex(color)]));

/** Mixes a colour with more and more of another one until it is accepted. */
function towards(color: Rgb, other: Rgb, isAccepted: (mixed: Rgb) => boolean): Rgb {
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(color, other, share);
    if (isAccepted(mixed)) {
      return mixed;
    }
  }
  return other;
}

function checkContrast(where: string, text: Rgb, [name, color]: readonly [string, Rgb]): void {
  const ratio = contrast(text, color);
  if (ratio < TEXT_CONTRAST) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `${where} must have a contrast of at least 4.5:1 with "${name}", but has ${ratio.toFixed(1)}:1`,
    );
  }
}
