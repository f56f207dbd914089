import type { Palette } from './colors';

const properties = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');

/** Returns the style sheet of all pages. */
export const styleSheet = (light: Palette, dark: Palette): string => `
:root { color-scheme: light dark; ${properties(light)} }
@media (prefers-color-scheme: dark) { :root { ${properties(dark)} } }
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; min-height: 100svh; display: flex; flex-direction: column; align-items: center; padding: 9vh 1rem 3rem; font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; color: var(--text); background: var(--background); overflow-wrap: anywhere; }
:lang(ja) { line-break: strict; word-break: auto-phrase; }
header { max-width: 25rem; margin-bottom: 1.5rem; font-size: 1.125rem; font-weight: 650; text-align: center; }
header img { display: block; max-width: min(15rem, 100%); max-height: 3rem; margin: 0 auto; }
main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--surface); border: 1px solid var(--line); border-radius: .875rem; box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 8px 24px rgb(0 0 0 / .05); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
h1.long { font-size: 1.125rem; letter-spacing: 0; text-wrap: wrap; }
p { margin: .75rem 0 0; text-wrap: pretty; }
strong { font-weight: 600; }
.quiet { color: var(--muted); }
h1 + .quiet { margin-top: .375rem; }
.quiet + p, .note + p { margin-top: 1.25rem; }
form { margin-top: 1.5rem; }
label { display: block; margin: 1rem 0 .375rem; font-weight: 600; }
form > input[type=hidden]:first-child + label { margin-top: 0; }
input { display: block; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--field); border-radius: .5rem; }
input[aria-invalid=true] { border-color: var(--alarm); }
.actions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(8.5rem, 100%), 1fr)); gap: .75rem; margin-top: 1.5rem; }
.actions.stacked { grid-template-columns: 1fr; }
button { min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; color: var(--text); background: var(--surface); border: 1px solid var(--field); border-radius: .5rem; cursor: pointer; }
button:hover { background: var(--background); }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent-edge); }
button.main:hover { background: var(--accent-hover); }
:focus-visible { outline: 3px solid var(--accent-text); outline-offset: 2px; }
.note { margin: 1.25rem 0 0; padding: .75rem .875rem; border-inline-start: 4px solid var(--field); border-radius: .375rem; background: var(--background); }
.note p { margin: .25rem 0 0; }
.note.alarm { border-color: var(--alarm); background: var(--alarm-back); }
.note.caution { border-color: var(--caution); background: var(--caution-back); }
ul { margin: .75rem 0 0; padding: 0; padding-inline-start: 1.25rem; }
ul + p { margin-top: 1.25rem; }
li { padding-inline-start: .375rem; margin-top: .375rem; }
li::marker { content: "\\2713"; color: var(--accent-text); font-weight: 700; }
.code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; letter-spacing: .1em; }
p.code { margin-top: 1.25rem; padding: 1rem; font-size: 1.5rem; font-weight: 600; text-align: center; background: var(--background); border-radius: .5rem; }
input.code { text-transform: uppercase; }
details { margin-top: 1.5rem; font-size: .875rem; color: var(--muted); }
summary { cursor: pointer; border-radius: .25rem; }
@media (max-width: 30rem) {
body { padding: 0; background: var(--surface); }
header { margin: 2rem 1.25rem 0; }
main { padding: 1.75rem 1.25rem 2.5rem; border: 0; border-radius: 0; box-shadow: none; }
}
@media (forced-colors: active) { .note, p.code { border: 1px solid; } }
`;
