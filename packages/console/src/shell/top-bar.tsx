import { Link } from "@tanstack/react-router";
import { Menu as MenuIcon, Search } from "lucide-react";
import type { ReactElement } from "react";
import { FreezeButton } from "../routes/freeze/freeze-button.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { Brand } from "./brand.tsx";
import { openPalette } from "./palette.tsx";
import { PALETTE_KEYS } from "./places.ts";
import { PointsHealth } from "./points-health.tsx";

export interface TopBarProps {
  readonly onShowPages: () => void;
  readonly onShowKeys: () => void;
}

export function TopBar({ onShowPages, onShowKeys }: TopBarProps): ReactElement {
  return (
    <header className="top-bar">
      <button type="button" className="button plain icon-only only-phone" aria-label="Pages" onClick={onShowPages}>
        <MenuIcon className="icon" aria-hidden />
      </button>
      <Link to="/" className="brand-link">
        <Brand />
      </Link>
      <button type="button" className="search-button" onClick={openPalette}>
        <Search className="icon" aria-hidden />
        <span className="search-words">Go to a page, an agent, an approval</span>
        <kbd>{PALETTE_KEYS}</kbd>
      </button>
      <span className="top-bar-end">
        <PointsHealth />
        <FreezeButton />
        <AccountMenu onShowKeys={onShowKeys} />
      </span>
    </header>
  );
}
