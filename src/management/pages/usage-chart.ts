import { type Html, markup } from '../../pages/markup';
import { type DailyUsage, toDay } from '../../stores/usage-days';
import { days, formatDay, formatNumber } from './format';
import type { ManagementView } from './view';

const DAYS = 30;
const HEIGHT = 100;

/** The last days, also those without requests. */
function lastDays(usage: readonly DailyUsage[], now: number): readonly DailyUsage[] {
  const counts = new Map(usage.map(({ day, count }) => [day, count]));
  return Array.from({ length: DAYS }, (_, index) => {
    const day = toDay(now - days(DAYS - 1 - index));
    return { day, count: counts.get(day) ?? 0 };
  });
}

const bar = (count: number, index: number, max: number): Html => {
  const height = Math.max((HEIGHT * count) / Math.max(max, 1), count > 0 ? 2 : 0);
  return markup`<rect x="${String(index * 10 + 1)}" y="${(HEIGHT - height).toFixed(1)}" width="8" height="${height.toFixed(1)}"/>\n`;
};

/** Renders the requests per day as a picture and as a table. */
export function usageChart(view: ManagementView, usage: readonly DailyUsage[], now: number): Html {
  const shown = lastDays(usage, now);
  const max = Math.max(...shown.map(({ count }) => count));
  const sum = shown.reduce((total, { count }) => total + count, 0);
  const from = formatDay(view, shown[0]?.day ?? '');
  const to = formatDay(view, shown.at(-1)?.day ?? '');
  const label = view.plain('chart', { from, to, max: formatNumber(view, max) });
  return markup`<h2>${view.html('usage')}</h2>
<p class="quiet">${view.html('usageSum', { count: sum })}</p>
<svg class="chart" viewBox="0 0 300 100" preserveAspectRatio="none" role="img" aria-label="${label}">
${shown.map(({ count }, index) => bar(count, index, max))}</svg>
<p class="axis"><span>${from}</span><span>${to}</span></p>
<details>
<summary>${view.html('asTable')}</summary>
<table>
<tr><th scope="col">${view.html('day')}</th><th scope="col">${view.html('usage')}</th></tr>
${shown.toReversed().map(({ day, count }) => markup`<tr><td>${formatDay(view, day)}</td><td>${formatNumber(view, count)}</td></tr>\n`)}</table>
</details>
`;
}
