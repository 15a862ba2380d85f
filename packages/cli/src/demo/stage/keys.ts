/** Keys that the person in front of the terminal presses: space or Enter pauses and goes on, Ctrl-C ends. */
export interface Keys {
  /** Resolves at once, or when the pause is over. */
  readonly running: () => Promise<void>;
  /** Gives the terminal back. */
  readonly close: () => void;
}

export interface KeysOptions {
  readonly onPause: (paused: boolean) => void;
  readonly onEnd: () => void;
}

type Keyboard = NodeJS.ReadStream & { setRawMode(on: boolean): unknown };

/** Listens to a terminal; null when the input is none. */
export function listenToKeys(input: NodeJS.ReadableStream, { onPause, onEnd }: KeysOptions): Keys | null {
  if (!isKeyboard(input)) return null;
  let paused: PromiseWithResolvers<void> | null = null;
  const goOn = (): void => {
    paused?.resolve();
    paused = null;
  };
  const pressed = (bytes: Buffer | string): void => {
    const text = bytes.toString();
    // In raw mode the terminal sends no signal: the byte of Ctrl-C comes here.
    if (text.includes("\u0003")) {
      goOn();
      onEnd();
    } else if (/[ \r\n]/.test(text)) {
      if (paused === null) paused = Promise.withResolvers();
      else goOn();
      onPause(paused !== null);
    }
  };
  input.setRawMode(true);
  input.on("data", pressed);
  input.resume();
  return {
    running: async () => {
      await paused?.promise;
    },
    close: () => {
      goOn();
      input.off("data", pressed);
      input.setRawMode(false);
      input.pause();
    },
  };
}

function isKeyboard(input: NodeJS.ReadableStream): input is Keyboard {
  return "isTTY" in input && input.isTTY === true && "setRawMode" in input;
}
