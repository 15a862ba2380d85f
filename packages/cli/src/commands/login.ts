import { AppError } from "@countersign/core";
import { shownKey } from "@countersign/credentials";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { saveServer } from "../client/places.ts";
import type { PendingSignIn, StoredSession } from "../client/session-file.ts";
import { pollSignIn, requestSignIn, resumeSignIn, type SignInContext } from "../client/sign-in.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { inWords } from "../output/durations.ts";
import { visible } from "../output/visible-text.ts";

const POLL_MS = 1000;
const flags = { ...REACH, wait: { kind: "unless", about: "print the link and end at once (exit 4)" } } as const;

interface LoginValues {
  readonly server: string | undefined;
  readonly data: string | undefined;
  readonly wait: boolean;
}

/** `countersign login`: signs a person in on this machine, by their passkey in a browser. */
export const login: Command = signInCommand(
  "login",
  "Sign in on this machine: a link opens, the passkey signs, this device is enrolled with it",
);
/** `countersign enroll`: the same flow; a device is enrolled by the sign-in of its first person. */
export const enroll: Command = signInCommand(
  "enroll",
  "Enrol this device: its key and posture are shown to the person who signs in",
);

function signInCommand(name: string, summary: string): Command {
  return command({
    name,
    summary,
    flags,
    examples: [
      { line: name, does: "print the link, open it where there is a display, wait for the passkey" },
      {
        line: `${name} --no-wait --json`,
        does: "only get the link; the next command takes the session up once it is signed",
      },
      {
        line: `${name} --server https://countersign.example`,
        does: "sign in elsewhere, and use that control plane from now on",
      },
    ],
    run: async (values, cli) =>
      await withClient(values, cli, async (client) => {
        const context: SignInContext = {
          client,
          cli,
          device: async () => (await import("../client/this-device.ts")).thisDevice(cli),
        };
        return await signIn(context, cli, values);
      }),
  });
}

async function signIn(context: SignInContext, cli: Cli, values: LoginValues): Promise<ExitCode> {
  const resumed = await resumeSignIn(context);
  if (resumed !== null && "session" in resumed) return await finish(resumed.session, { context, cli, values });
  const pending = resumed?.pending ?? (await requestSignIn(context));
  const { approvalId, url, expiresAt } = pending;
  if (!values.wait) {
    cli.out.answer({ approvalId, url, expiresAt }, () => linkLines(pending, cli));
    return EXIT.held;
  }
  cli.out.note({ event: "sign_in", url, approvalId, expiresAt }, () => linkLines(pending, cli));
  cli.openPage(url);
  return await finish(await waited(context, cli, pending), { context, cli, values });
}

/** Asks each second until the person has answered. Silence of the control plane is waited out until the link ends. */
async function waited(context: SignInContext, cli: Cli, pending: PendingSignIn): Promise<StoredSession> {
  const ends = Date.parse(pending.expiresAt);
  while (cli.now() < ends) {
    await cli.pause(POLL_MS);
    if (cli.signal.aborted) break;
    const polled = await pollSignIn(context, pending);
    if (polled.state === "approved") return polled.session;
    if (polled.state === "denied")
      throw new AppError("request.forbidden", { detail: "the sign-in was denied; run `countersign login` again" });
    if (polled.state === "expired") break;
  }
  if (cli.signal.aborted) {
    throw new AppError("request.unauthenticated", {
      detail: `nobody signed in yet; the link stays open: ${pending.url}`,
    });
  }
  throw new AppError("request.unauthenticated", {
    detail: "the link ended before anybody signed in; run `countersign login` again",
  });
}

interface Finishing {
  readonly context: SignInContext;
  readonly cli: Cli;
  readonly values: LoginValues;
}

async function finish(session: StoredSession, { context, cli, values }: Finishing): Promise<ExitCode> {
  const server = await context.client.server();
  const { id, human, device, expiresAt } = session;
  if (values.server !== undefined) saveServer(server, cli.env);
  cli.out.answer({ server, session: id, human, device, expiresAt }, () => [
    `${cli.out.paint.good("signed in")} as ${visible(human.name)} on ${visible(device.name)}, ${inWords(Date.parse(expiresAt) - cli.now())} from now on`,
  ]);
  return EXIT.ok;
}

function linkLines({ url, expiresAt, key }: PendingSignIn, cli: Cli): string[] {
  return [
    "Open this page and sign with your passkey:",
    "",
    `  ${url}`,
    "",
    "Sign only if the page shows this session key:",
    "",
    `  ${shownKey(key.jkt)}`,
    "",
    `The link ends in ${inWords(Date.parse(expiresAt) - cli.now())}.`,
  ];
}
