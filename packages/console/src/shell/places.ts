import { Activity, Bot, CircleCheckBig, LayoutDashboard, type LucideIcon, ScrollText, Snowflake } from "lucide-react";

export interface Place {
  readonly to: "/" | "/approvals" | "/tasks" | "/agents" | "/ledger" | "/freeze";
  readonly name: string;
  readonly group: "Now" | "Inventory" | "Control" | "Evidence";
  /** The letter after `g`. */
  readonly letter: string;
  readonly icon: LucideIcon;
}

/** The pages, as rail, palette and shortcuts show them. */
export const PLACES: readonly Place[] = [
  { to: "/", name: "Overview", group: "Now", letter: "o", icon: LayoutDashboard },
  { to: "/approvals", name: "Approvals", group: "Now", letter: "a", icon: CircleCheckBig },
  { to: "/tasks", name: "Live tasks", group: "Now", letter: "t", icon: Activity },
  { to: "/agents", name: "Agents", group: "Inventory", letter: "n", icon: Bot },
  { to: "/freeze", name: "Freeze", group: "Control", letter: "f", icon: Snowflake },
  { to: "/ledger", name: "Ledger", group: "Evidence", letter: "l", icon: ScrollText },
];

/** The key that opens the palette, as this machine's keyboard names it. */
export const PALETTE_KEYS: string = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K";
