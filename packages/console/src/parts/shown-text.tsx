import { marked, partsOf } from "@countersign/core";
import { Fragment, type ReactElement, useMemo } from "react";

/** Text that came from outside: what is invisible, turns the direction or imitates another letter is marked with its code. */
export function ShownText({ text }: { readonly text: string }): ReactElement {
  return (
    <bdi>
      {marked(text).map((run, index) =>
        run.mark === null ? <Fragment key={index}>{run.text}</Fragment> : <mark key={index}>{run.text}</mark>,
      )}
    </bdi>
  );
}

/** Exact content (canonical JSON), laid out in lines; nothing is left out. The same lines as on the signing page. */
export function ShownContent({ content }: { readonly content: string }): ReactElement {
  const rows = useMemo(() => partsOf(content).flat(), [content]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it
    <section className="content mono" tabIndex={0} aria-label="Exact content">
      {rows.map(({ depth, inString, tokens }, index) => (
        <div
          key={index}
          className="content-row"
          data-depth={Math.min(depth, 8)}
          data-goes-on={inString ? "" : undefined}
        >
          {tokens.map(({ kind, runs }, at) => (
            <bdi key={at} className={`content-${kind}`}>
              {runs.map(({ text, mark }, place) =>
                mark === null ? (
                  <Fragment key={place}>{text}</Fragment>
                ) : mark === "escape" ? (
                  <i key={place}>{text}</i>
                ) : (
                  <mark key={place}>{text}</mark>
                ),
              )}
            </bdi>
          ))}
        </div>
      ))}
    </section>
  );
}
