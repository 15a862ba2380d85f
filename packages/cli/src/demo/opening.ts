import type { JsonObject } from "@countersign/core";
import { textAt } from "../client/fields.ts";
import type { Commands } from "./commands.ts";
import type { Person } from "./people/person.ts";
import type { Play } from "./play.ts";

/** A fresh installation that answers, and somebody to sign in it. */
export interface Opened {
  readonly api: string;
  readonly gateway: string;
  readonly setupUrl: string;
  readonly pid: number;
  /** The command line of this machine, with that control plane as its own. */
  readonly commands: Commands;
  readonly person: Person;
}

/** Starts the control plane and, at the same time, the browser of the person. */
export async function openAll(play: Play): Promise<Opened> {
  const { closing, place } = play;
  const own = play.commandsFor({});
  closing.finally(async () => await own.close());
  const up = own.start("up", "--json", "--data", place.data, "--config", place.yaml);
  const [ready, driven] = await Promise.all([up.first("stdout"), play.live ? null : drivenPerson(play)]);
  const api = textAt(ready, "api");
  const commands = play.commandsFor({ COUNTERSIGN_SERVER: api });
  closing.finally(async () => await commands.close());
  const person = driven ?? (await livePerson(play, ready));
  return { api, gateway: textAt(ready, "gateway"), setupUrl: textAt(ready, "setupUrl"), pid: up.pid, commands, person };
}

async function drivenPerson({ cli, closing }: Play): Promise<Person> {
  const { BrowserPerson } = await import("./people/browser-person.ts");
  return await closing.opening(BrowserPerson.launch(cli.env.variables), async (person) => await person.close());
}

async function livePerson({ cli, stage, signal, place }: Play, ready: JsonObject): Promise<Person> {
  const { LivePerson } = await import("./people/live-person.ts");
  return new LivePerson({ cli, stage, signal, api: textAt(ready, "api"), dataDir: place.data });
}
