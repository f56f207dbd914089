/** What the management pages have in addition to the style of all pages. */
export const MANAGEMENT_STYLE = `
body { padding-top: 2.5rem; }
header, nav, main { max-width: 44rem; }
header { width: 100%; margin-bottom: .75rem; text-align: start; }
header img { margin: 0; }
nav { width: 100%; display: flex; flex-wrap: wrap; gap: .25rem; margin-bottom: .75rem; }
nav a { padding: .5rem .75rem; border-radius: .5rem; color: var(--text); text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { font-weight: 600; background: var(--surface); box-shadow: inset 0 0 0 1px var(--line); }
main a:not(.button) { color: var(--accent-text); }
h2 { margin: 2rem 0 0; font-size: 1.125rem; line-height: 1.3; font-weight: 650; }
.button { display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; padding: .5rem 1rem; font-weight: 600; text-align: center; text-decoration: none; color: var(--text); background: var(--surface); border: 1px solid var(--field); border-radius: .5rem; }
.button:hover { background: var(--background); }
.button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent-edge); }
.button.main:hover { background: var(--accent-hover); }
.danger, .button.danger { color: var(--alarm); border-color: var(--alarm); }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin-top: 1.5rem; }
.row form { margin: 0; }
.search > div { flex: 1 1 10rem; min-width: 0; }
.search label { margin-top: 0; }
select, textarea { display: block; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--field); border-radius: .5rem; }
textarea { min-height: 6rem; resize: vertical; }
[aria-invalid=true] { border-color: var(--alarm); }
.hint { margin: .375rem 0 0; font-size: .875rem; color: var(--muted); }
fieldset { margin: 1.25rem 0 0; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; }
label.choice { display: flex; gap: .625rem; align-items: start; margin: .625rem 0 0; font-weight: 400; }
label.choice input { flex: none; width: 1.25rem; height: 1.25rem; min-height: 0; margin: .125rem 0 0; accent-color: var(--accent-edge); }
label.choice small { display: block; font-size: .875rem; color: var(--muted); }
.items { list-style: none; margin-top: 1.25rem; padding: 0; border-top: 1px solid var(--line); }
.items li { margin: 0; padding: .875rem 0; border-bottom: 1px solid var(--line); }
.items li::marker { content: ""; }
.items .head { display: flex; gap: .75rem; justify-content: space-between; align-items: start; }
.items .head a, .items .head strong { font-weight: 600; min-width: 0; }
.items .head a.button { flex: none; overflow-wrap: normal; }
.items .facts { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: .25rem 0 0; font-size: .875rem; color: var(--muted); }
.badge { flex: none; padding: 0 .625rem; font-size: .875rem; border: 1px solid var(--field); border-radius: 1rem; color: var(--text); background: var(--background); overflow-wrap: normal; }
.badge.active { border-color: var(--accent-edge); }
.badge.expired, .badge.revoked { color: var(--alarm); border-color: var(--alarm); background: var(--surface); }
.mono, input.mono, textarea.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9375rem; }
.copy { display: grid; grid-template-columns: 1fr auto; gap: .5rem; align-items: start; }
.copy button[hidden] { display: none; }
.copy [role=status] { grid-column: 1 / -1; font-size: .875rem; color: var(--muted); }
dl { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: .5rem 1.25rem; margin: 1.25rem 0 0; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
svg.chart { display: block; width: 100%; height: 8rem; margin-top: .75rem; border-bottom: 1px solid var(--field); }
svg.chart rect { fill: var(--accent-edge); }
.axis { display: flex; justify-content: space-between; font-size: .875rem; color: var(--muted); }
table { width: 100%; margin-top: .75rem; border-collapse: collapse; color: var(--text); }
th, td { padding: .25rem 0; text-align: start; border-bottom: 1px solid var(--line); }
td:last-child, th:last-child { text-align: end; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) {
body { padding-top: 0; }
header { margin: 1.25rem 0 0; padding: 0 1.25rem; }
nav { margin: .75rem 0 0; padding: 0 .5rem; }
main { padding-top: 1.25rem; }
dl { grid-template-columns: 1fr; gap: 0; }
dd { margin-bottom: .625rem; }
}
@media (forced-colors: active) { .badge { border: 1px solid; } svg.chart rect { fill: CanvasText; } }
`;
