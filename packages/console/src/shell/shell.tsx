import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { overview } from "../data/queries.ts";
import { Banners } from "./banners.tsx";
import { Brand } from "./brand.tsx";
import { useKey } from "./keys.ts";
import { LiveRegions } from "./live-regions.tsx";
import { Palette } from "./palette.tsx";
import { PLACES, type Place } from "./places.ts";
import { Rail } from "./rail.tsx";
import { ShortcutsHelp } from "./shortcuts-help.tsx";
import { TopBar } from "./top-bar.tsx";

/** What is around every page: bar, rail, banners, palette, what is announced. */
export function Shell(): ReactElement {
  const [pages, setPages] = useState(false);
  const [keys, setKeys] = useState(false);
  useKey("?", () => setKeys(true));
  useTitle();
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      {PLACES.map((place) => (
        <GoKey key={place.to} place={place} />
      ))}
      <TopBar onShowPages={() => setPages(true)} onShowKeys={() => setKeys(true)} />
      <aside className="rail-side">
        <Rail />
      </aside>
      <div className="page">
        <Banners />
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Drawer
        opened={pages}
        onClose={() => setPages(false)}
        size="17rem"
        lockScroll={false}
        title={<Brand />}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Rail onGo={() => setPages(false)} />
      </Drawer>
      <ShortcutsHelp opened={keys} onClose={() => setKeys(false)} />
      <Palette />
      <LiveRegions />
    </>
  );
}

function GoKey({ place: { letter, to } }: { readonly place: Place }): null {
  const navigate = useNavigate();
  useKey(`g ${letter}`, () => void navigate({ to }));
  return null;
}

/** The tab says how many approvals wait, and where one is. */
function useTitle(): void {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const waiting = useQuery(overview).data?.approvalsPending ?? 0;
  useEffect(() => {
    const place = PLACES.find(({ to }) => (to === "/" ? path === "/" : path.startsWith(to)))?.name;
    document.title = [waiting > 0 ? `(${waiting})` : "", place ?? "", place ? "·" : "", "Countersign"]
      .filter((part) => part !== "")
      .join(" ");
  }, [path, waiting]);
}
