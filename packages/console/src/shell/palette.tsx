import { Spotlight, type SpotlightActionGroupData, spotlight } from "@mantine/spotlight";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Bot, CircleCheckBig, Search } from "lucide-react";
import type { ReactElement } from "react";
import { agents, approvals } from "../data/queries.ts";
import { PLACES } from "./places.ts";

/** `⌘K`: every page, every agent, every approval that waits. */
export function Palette(): ReactElement {
  const actions = useActions();
  return (
    <Spotlight
      actions={actions}
      shortcut="mod + K"
      // The page's policy allows no style element, which locking the scroll would add.
      lockScroll={false}
      limit={12}
      scrollable
      maxHeight={440}
      nothingFound="Nothing here has this name"
      searchProps={{
        placeholder: "Go to a page, an agent, an approval",
        leftSection: <Search className="icon" aria-hidden />,
        "aria-label": "Go to",
      }}
    />
  );
}

function useActions(): SpotlightActionGroupData[] {
  const navigate = useNavigate();
  const waiting = useQuery(approvals("pending")).data ?? [];
  const known = useInfiniteQuery(agents(null)).data?.pages.flatMap((page) => page.agents) ?? [];
  return [
    {
      group: "Go to",
      actions: PLACES.map(({ to, name, letter, icon: Icon }) => ({
        id: to,
        label: name,
        leftSection: <Icon className="icon" aria-hidden />,
        rightSection: (
          <span className="soft">
            <kbd>g</kbd> <kbd>{letter}</kbd>
          </span>
        ),
        onClick: () => void navigate({ to }),
      })),
    },
    {
      group: "Waits for a signature",
      actions: waiting.map(({ id, display }) => ({
        id,
        label: display.sentence,
        leftSection: <CircleCheckBig className="icon" aria-hidden />,
        onClick: () => void navigate({ to: "/approvals", search: { id } }),
      })),
    },
    {
      group: "Agents",
      actions: known.map(({ id, name, purpose }) => ({
        id,
        label: name,
        description: purpose ?? "",
        leftSection: <Bot className="icon" aria-hidden />,
        onClick: () => void navigate({ to: "/agents/$id", params: { id } }),
      })),
    },
  ];
}

export const openPalette: () => void = () => spotlight.open();
