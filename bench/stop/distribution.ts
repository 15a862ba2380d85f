import { quantile } from "../statistics.ts";

/** Times of one kind of run, in milliseconds. */
export interface Series {
  readonly name: string;
  readonly samples: readonly number[];
}

const WIDTH = 60;
const BARS = " ▁▂▃▄▅▆▇█";

/** Each series as a line of a histogram over one logarithmic axis, with its median and 99th percentile. */
export function drawn(series: readonly Series[]): string {
  const shown = series.filter(({ samples }) => samples.length > 0);
  if (shown.length === 0) return "";
  const all = shown.flatMap(({ samples }) => samples);
  const low = Math.min(...all);
  const high = Math.max(...all, low * 1.01);
  const place = (ms: number): number =>
    Math.min(WIDTH - 1, Math.floor((Math.log(ms / low) / Math.log(high / low)) * WIDTH));
  const wide = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, samples }) => {
    const counts = Array.from({ length: WIDTH }, () => 0);
    for (const ms of samples) counts[place(ms)] = (counts[place(ms)] ?? 0) + 1;
    const most = Math.max(...counts);
    const bars = counts.map((count) => BARS[count === 0 ? 0 : Math.max(1, Math.round((count / most) * 8))] ?? " ");
    const figures = `p50 ${ms(quantile(samples, 0.5))}  p99 ${ms(quantile(samples, 0.99))}`;
    return `${name.padEnd(wide)} │${bars.join("")}│ ${figures}`;
  });
  return [...lines, `${" ".repeat(wide)} └${axis(low, high)}`].join("\n");
}

/** Marks at 1, 2 and 5 of each power of ten. */
function axis(low: number, high: number): string {
  const line = Array.from({ length: WIDTH + 12 }, () => "─");
  let free = 0;
  for (let power = -2; power < 6; power += 1) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** power;
      if (value < low || value > high) continue;
      const at = Math.floor((Math.log(value / low) / Math.log(high / low)) * WIDTH);
      const label = ms(value);
      if (at < free || at + label.length > line.length) continue;
      line.splice(at, label.length, ...label.split(""));
      free = at + label.length + 2;
    }
  }
  return line.join("").replace(/─+$/, "");
}

function ms(value: number): string {
  return value < 10 ? `${String(Number(value.toFixed(2)))} ms` : `${value.toFixed(0)} ms`;
}
