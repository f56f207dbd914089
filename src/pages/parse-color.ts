import { COLOR_NAMES } from './color-names';
import type { Rgb } from './rgb';

/**
 * Parses an opaque CSS colour: a name, `#rgb`, `#rrggbb`, `rgb()`, `hsl()` or `oklch()`.
 *
 * @param text The colour as CSS writes it.
 * @returns The colour, or undefined if it is not one of these, or transparent.
 * @see https://www.w3.org/TR/css-color-4/
 */
export function parseColor(text: string): Rgb | undefined {
  const color = text.trim().toLowerCase();
  return parseHex(COLOR_NAMES.get(color) ?? color) ?? parseFunction(color);
}

function parseHex(text: string): Rgb | undefined {
  const [, short, long] = /^#(?:([0-9a-f]{3})f?|([0-9a-f]{6})(?:ff)?)$/.exec(text) ?? [];
  const digits = short?.replaceAll(/./g, '$&$&') ?? long;
  if (digits === undefined) {
    return undefined;
  }
  const value = Number.parseInt(digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)`;
const COMPONENT = `(${NUMBER})(%|deg|turn|rad)?`;
const SEPARATOR = String.raw`(?:\s*,\s*|\s+)`;
const OPAQUE = String.raw`(?:\s*[,/]\s*(?:1(?:\.0*)?|100%))?`;
const FUNCTION = new RegExp(
  String.raw`^(rgb|hsl|oklch)a?\(\s*${[COMPONENT, COMPONENT, COMPONENT].join(SEPARATOR)}${OPAQUE}\s*\)$`,
);

interface Component {
  readonly value: number;
  readonly unit: string | undefined;
}

function parseFunction(text: string): Rgb | undefined {
  const [, name, ...parts] = FUNCTION.exec(text) ?? [];
  const component = (index: number): Component => ({
    value: Number(parts[index * 2]),
    unit: parts[index * 2 + 1],
  });
  const [first, second, third] = [component(0), component(1), component(2)];
  if (name === 'rgb') {
    return isLevel(first, second, third) ? [level(first), level(second), level(third)] : undefined;
  }
  if (name === 'hsl') {
    return isAngle(first) && isLevel(second, third)
      ? fromHsl(angle(first), share(second, 100), share(third, 100))
      : undefined;
  }
  if (name === 'oklch') {
    return isAngle(third) && isLevel(first, second)
      ? fromOklch(share(first, 1), share(second, 1) * (second.unit ? 0.4 : 1), angle(third))
      : undefined;
  }
  return undefined;
}

const isLevel = (...components: readonly Component[]): boolean =>
  components.every(({ unit }) => unit === undefined || unit === '%');
const isAngle = ({ unit }: Component): boolean => unit !== '%';

const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));

/** A component of `rgb()`, from 0 to 255. */
const level = ({ value, unit }: Component): number =>
  clamp(unit ? (value * 255) / 100 : value, 255);

/** A component from 0 to 1. Without a percent sign it is of `whole`. */
const share = ({ value, unit }: Component, whole: number): number =>
  clamp(value / (unit ? 100 : whole), 1);

const DEGREES: Readonly<Record<string, number>> = { turn: 360, rad: 180 / Math.PI };
const angle = ({ value, unit = 'deg' }: Component): number => value * (DEGREES[unit] ?? 1);

/** @see https://www.w3.org/TR/css-color-4/#hsl-to-rgb */
function fromHsl(hue: number, saturation: number, lightness: number): Rgb {
  const channel = (offset: number): number => {
    const position = (((offset + hue / 30) % 12) + 12) % 12;
    const chroma = saturation * Math.min(lightness, 1 - lightness);
    return 255 * (lightness - chroma * Math.max(-1, Math.min(position - 3, 9 - position, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** @see https://www.w3.org/TR/css-color-4/#color-conversion-code */
function fromOklch(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    fromLinear(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    fromLinear(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ];
}

function fromLinear(value: number): number {
  const encoded = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
  return clamp(encoded * 255, 255);
}
