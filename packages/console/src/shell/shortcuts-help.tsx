import { Modal } from "@mantine/core";
import type { ReactElement } from "react";
import { singleKeys } from "../data/preference.ts";
import { PALETTE_KEYS, PLACES } from "./places.ts";

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  [PALETTE_KEYS, "Open the palette"],
  ["/", "Filter the list"],
  ["j", "Next row"],
  ["k", "Previous row"],
  ["Enter", "Open the chosen row"],
  ["a", "Approve: opens the signing page"],
  ["d", "Deny: opens the signing page"],
  ["f", "Freeze"],
  ["Esc", "Close the panel"],
  ["?", "This list"],
];

/** `?`: all keys, and the switch for those of a single letter. */
export function ShortcutsHelp({
  opened,
  onClose,
}: {
  readonly opened: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const single = singleKeys.use();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard"
      lockScroll={false}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <dl className="keys">
        {[...KEYS, ...PLACES.map(({ letter, name }) => [`g ${letter}`, name] as const)].map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className="keys-switch">
        <input type="checkbox" checked={single} onChange={(event) => singleKeys.set(event.currentTarget.checked)} />
        Single-letter keys are on
      </label>
    </Modal>
  );
}
