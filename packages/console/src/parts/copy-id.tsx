import { Check, Copy } from "lucide-react";
import { type ReactElement, useState } from "react";
import { announce } from "../data/announce.ts";

const SHOWN_END = 6;
const THANKS_MS = 1500;

/** An id, short; a press copies it whole. */
export function CopyId({ id }: { readonly id: string }): ReactElement {
  return <CopyText text={id} shown={shortId(id)} label={`Copy ${id}`} />;
}

/** A command to run elsewhere, whole. */
export function CopyCommand({ command }: { readonly command: string }): ReactElement {
  return (
    <span className="command">
      <CopyText text={command} shown={command} label={`Copy ${command}`} />
    </span>
  );
}

/** A text that is copied as it stands. */
export function CopyText({
  text,
  shown,
  label,
}: {
  readonly text: string;
  readonly shown: string;
  readonly label: string;
}): ReactElement {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    setCopied(true);
    window.setTimeout(() => setCopied(false), THANKS_MS);
  };
  const Icon = copied ? Check : Copy;
  return (
    <button type="button" className="copy mono" title={text} aria-label={label} onClick={() => void copy()}>
      {shown}
      <Icon className="icon" aria-hidden />
    </button>
  );
}

/** `agt_…x7Yz3k`: the kind and the end, which differs most. */
export function shortId(id: string): string {
  const prefix = id.slice(0, id.indexOf("_") + 1);
  return id.length <= prefix.length + SHOWN_END + 1 ? id : `${prefix}…${id.slice(-SHOWN_END)}`;
}
