import { Menu, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Check, Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from "lucide-react";
import type { ReactElement } from "react";
import { signOut } from "../data/control-plane.ts";
import { me } from "../data/queries.ts";
import { singleKeys } from "../data/preference.ts";

const SCHEMES = [
  { value: "auto", name: "System", icon: Monitor },
  { value: "light", name: "Light", icon: Sun },
  { value: "dark", name: "Dark", icon: Moon },
] as const;

/** Who is signed in, the theme, the keyboard, the way out. */
export function AccountMenu({ onShowKeys }: { readonly onShowKeys: () => void }): ReactElement {
  const { data } = useQuery(me);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const single = singleKeys.use();
  const name = data?.human.name ?? "";
  return (
    <Menu position="bottom-end" width={232} withinPortal>
      <Menu.Target>
        <button type="button" className="button plain icon-only account" aria-label={`Account of ${name}`}>
          {initials(name) || <UserRound className="icon" aria-hidden />}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <span className="account-name">{name}</span>
          <br />
          {data?.human.roles.join(", ") || "no role"}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>Theme</Menu.Label>
        {SCHEMES.map(({ value, name: scheme, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon className="icon" aria-hidden />}
            rightSection={colorScheme === value && <Check className="icon" aria-label="chosen" />}
            onClick={() => setColorScheme(value)}
          >
            {scheme}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Keyboard className="icon" aria-hidden />} onClick={onShowKeys}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item
          rightSection={single && <Check className="icon" aria-label="on" />}
          leftSection={<span className="icon" />}
          onClick={() => singleKeys.set(!single)}
        >
          Single-letter keys
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut className="icon" aria-hidden />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.charAt(0).toUpperCase() ?? "").join("");
}
