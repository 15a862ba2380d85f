import type { DecisionMinute, Overview } from "@countersign/api";
import { type ReactElement, useState } from "react";

const OUTCOMES = ["permit", "hold", "deny"] as const;
const NAMES = { permit: "permitted", hold: "held", deny: "denied" } as const;
const HEIGHT = 96;
const STEP = 10;
const BAR = 7;

/** Decisions of the last hour, a minute each: as bars, or as the same numbers in a table. */
export function DecisionChart({ overview: { minutes } }: { readonly overview: Overview }): ReactElement {
  const [asTable, setAsTable] = useState(false);
  const total = (outcome: (typeof OUTCOMES)[number]): number =>
    minutes.reduce((sum, minute) => sum + minute[outcome], 0);
  return (
    <section className="card block" aria-labelledby="decisions">
      <header className="block-head">
        <h2 id="decisions">Decisions, last hour</h2>
        <button
          type="button"
          className="button plain tight"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Show the chart" : "Show as table"}
        </button>
      </header>
      <ul className="legend">
        {OUTCOMES.map((outcome) => (
          <li key={outcome} data-outcome={outcome}>
            <b className="number">{total(outcome).toLocaleString()}</b> {NAMES[outcome]}
          </li>
        ))}
      </ul>
      {asTable ? <MinuteTable minutes={minutes} /> : <Bars minutes={minutes} />}
    </section>
  );
}

function Bars({ minutes }: { readonly minutes: readonly DecisionMinute[] }): ReactElement {
  const highest = Math.max(1, ...minutes.map(({ permit, hold, deny }) => permit + hold + deny));
  const width = minutes.length * STEP;
  return (
    <figure className="chart" aria-label="Decisions each minute">
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <line x1="0" x2={width} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="chart-ground" />
        {minutes.map((minute, index) => (
          <Bar key={minute.at} minute={minute} left={index * STEP} scale={(HEIGHT - 4) / highest} />
        ))}
      </svg>
      <figcaption className="chart-axis number">
        <span>{clock(minutes[0])}</span>
        <span className="soft">most in a minute: {highest}</span>
        <span>{clock(minutes.at(-1))}</span>
      </figcaption>
    </figure>
  );
}

interface BarProps {
  readonly minute: DecisionMinute;
  readonly left: number;
  /** Units of height for one decision. */
  readonly scale: number;
}

function Bar({ minute, left, scale }: BarProps): ReactElement {
  const heights = OUTCOMES.map((outcome) => (minute[outcome] === 0 ? 0 : Math.max(2, minute[outcome] * scale)));
  return (
    <g>
      <title>{`${clock(minute)}: ${OUTCOMES.map((outcome) => `${minute[outcome]} ${NAMES[outcome]}`).join(", ")}`}</title>
      {OUTCOMES.map((outcome, index) => {
        const below = heights.slice(0, index + 1).reduce((sum, height) => sum + height, 1);
        return (
          <rect key={outcome} x={left} y={HEIGHT - below} width={BAR} height={heights[index]} data-outcome={outcome} />
        );
      })}
    </g>
  );
}

function MinuteTable({ minutes }: { readonly minutes: readonly DecisionMinute[] }): ReactElement {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it
    <section className="chart-table" tabIndex={0} aria-label="Decisions each minute">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Minute</th>
            {OUTCOMES.map((outcome) => (
              <th key={outcome} scope="col" data-number="">
                {NAMES[outcome]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {minutes.toReversed().map((minute) => (
            <tr key={minute.at}>
              <td>{clock(minute)}</td>
              {OUTCOMES.map((outcome) => (
                <td key={outcome} data-number="" className="number">
                  {minute[outcome]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function clock(minute: DecisionMinute | undefined): string {
  if (minute === undefined) return "";
  return new Date(minute.at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
}
