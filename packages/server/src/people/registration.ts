import {
  AppError,
  type HumanId,
  type InviteId,
  type Json,
  type Role,
  type StateRecord,
  isId,
  newId,
} from "@countersign/core";
import {
  type RegistrationOptionsJson,
  type RegisteredPasskey,
  digestOf,
  opaqueDigest,
  opaqueToken,
  registrationOptions,
  termsDigest,
  verifyRegistration,
} from "@countersign/credentials";
import type { Approvals, ChangeKind } from "../approvals/index.ts";
import { humanName } from "../approvals/index.ts";
import { type Kernel, change, named, serverEntry, settingsOf } from "../kernel.ts";
import { SealedBoard } from "../sealed-board.ts";
import { type Commit, type Put, withState } from "../store/index.ts";
import { Challenges, challengeOf } from "./challenges.ts";
import type { Sessions } from "./sessions.ts";

const SETUP_MS = 15 * 60_000;
const INVITE_MS = 24 * 3_600_000;

export interface RegistrationTokens {
  readonly setupToken?: string | undefined;
  readonly inviteToken?: string | undefined;
}
interface Ceremony {
  readonly human: HumanId;
  readonly name: string;
  readonly invite: InviteId | null;
}
export interface Registered {
  readonly humanId: HumanId;
  /** Set-Cookie value of the browser session; null for a person whom an administrator must sign first. */
  readonly cookie: string | null;
  readonly approvalId?: string;
}

/** How people and their passkeys come in (design 6): the first by a set-up link, later ones by an invitation and a signature. */
export class Registration {
  private readonly kernel: Kernel;
  private readonly sessions: Sessions;
  private readonly approvals: Approvals;
  private readonly challenges: Challenges<Ceremony>;
  /** Set-up links of all servers of the installation, by the digest of their token. */
  private readonly links: SealedBoard;
  /** The digest of the last link of this one. */
  private link: string | null = null;

  constructor(kernel: Kernel, { sessions, approvals }: { sessions: Sessions; approvals: Approvals }) {
    this.kernel = kernel;
    this.sessions = sessions;
    this.approvals = approvals;
    this.challenges = new Challenges(kernel, "registration");
    this.links = new SealedBoard(kernel, "setup", SETUP_MS);
  }

  /** A new set-up link, or null once a human exists. Single use, 15 minutes; the one before it of this server is dead. */
  async setupUrl(): Promise<string | null> {
    if ((await this.kernel.store.get("root", "root")) !== null) return null;
    const { token, digest } = opaqueToken(this.kernel.random);
    if (this.link !== null) await this.links.take(this.link);
    this.link = digest;
    await this.links.post(digest, true);
    return `${(await settingsOf(this.kernel)).publicUrl}/setup?token=${token}`;
  }

  async invite(roles: readonly Role[], by: string): Promise<{ readonly url: string; readonly expiresAt: string }> {
    const { kernel } = this;
    const { token, digest } = opaqueToken(kernel.random);
    const expiresAt = new Date(kernel.now() + INVITE_MS).toISOString();
    const id = newId("inv", kernel.now(), kernel.random);
    const put: Put = {
      kind: "invite",
      id,
      terms: { tokenDigest: digest, roles, expiresAt, by },
      state: { status: "open" },
      authority: null,
    };
    await change(kernel, {
      // INV-8: nobody who is being off-boarded leaves an open door behind.
      expect: await stillActive(kernel, by),
      put: [put],
      entries: [
        serverEntry(kernel, "identity", { action: "human.invite", resource: id, cause: { by }, changes: [put] }),
      ],
    });
    return { url: `${(await settingsOf(kernel)).publicUrl}/invite?token=${token}`, expiresAt };
  }

  async options(tokens: RegistrationTokens, name: string): Promise<RegistrationOptionsJson> {
    const invite = await this.assertToken(tokens);
    const { kernel } = this;
    const human = newId("hum", kernel.now(), kernel.random);
    const { rpId } = await originOf(kernel);
    const challenge = await this.challenges.give({ human, name, invite: invite?.id ?? null });
    return registrationOptions({
      challenge,
      rpId,
      rpName: "Countersign",
      userId: Buffer.from(human).toString("base64url"),
      userName: name,
      exclude: [],
    });
  }

  /** The link is checked again here: it may have been used between the two requests. */
  async register(tokens: RegistrationTokens, response: unknown): Promise<Registered> {
    const invite = await this.assertToken(tokens);
    const clientData = (response as { response?: { clientDataJSON?: unknown } } | null)?.response?.clientDataJSON;
    const challenge = challengeOf(clientData);
    const ceremony = challenge === null ? null : await this.challenges.take(challenge);
    if (challenge === null || ceremony === null || ceremony.invite !== (invite?.id ?? null)) {
      throw new AppError("webauthn.refused", {
        detail: "this registration was not asked for or took too long; load the page again",
      });
    }
    const { origin, rpId } = await originOf(this.kernel);
    const verified = await verifyRegistration({ response, challenge, origin, rpId });
    if (!verified.ok)
      throw new AppError("webauthn.refused", { detail: `the new passkey was refused (${verified.fault}); try again` });
    return invite === null
      ? await this.first(ceremony, verified.passkey)
      : await this.later(ceremony, verified.passkey, invite);
  }

  /** Whether a link would be taken now. */
  async isOpen(tokens: RegistrationTokens): Promise<boolean> {
    try {
      await this.assertToken(tokens);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === "setup.closed") return false;
      throw error;
    }
  }

  /** The roles that an invitation proposes; null when it is not open. */
  async invitedRoles(inviteToken: string): Promise<readonly Role[] | null> {
    if (!(await this.isOpen({ inviteToken }))) return null;
    return (await this.assertToken({ inviteToken }))?.terms.roles ?? null;
  }

  private async assertToken({ setupToken, inviteToken }: RegistrationTokens): Promise<StateRecord<"invite"> | null> {
    if (setupToken !== undefined && inviteToken === undefined) {
      if (!(await this.links.has(opaqueDigest(setupToken))) || (await this.kernel.store.get("root", "root")) !== null) {
        throw new AppError("setup.closed", {
          detail: "the set-up link is used or has ended; start `countersign up` again for a new one",
        });
      }
      return null;
    }
    const invites =
      inviteToken === undefined
        ? []
        : await this.kernel.store.find("invite", { key: opaqueDigest(inviteToken), status: "open" });
    const invite = invites[0];
    if (invite === undefined || Date.parse(invite.terms.expiresAt) <= this.kernel.now()) {
      throw new AppError("setup.closed", { detail: "this invitation is used or has ended; ask for a new one" });
    }
    return invite;
  }

  /** The first human closes the set-up and binds everything that was in force before them (INV-12). */
  private async first({ human, name }: Ceremony, passkey: RegisteredPasskey): Promise<Registered> {
    const { kernel } = this;
    const { origin, rpId } = await originOf(kernel);
    const key = await kernel.keys.newPerson(human);
    const people = await peopleRecords(kernel, { human, name, passkey, roles: ["admin"], status: "active" });
    const { records, versions } = await genesisRecords(kernel, people);
    const terms = { human, passkey: passkey.credentialId, origin, rpId, records, genesis: digestOf(records) };
    const root: Put = { kind: "root", id: "root", terms, state: { status: "active" }, authority: "genesis" };
    const session = await this.sessions.browserSession(human);
    const puts = [root, ...people, session.put];
    await change(kernel, {
      expect: [{ kind: "root", id: "root", version: 0 }, ...versions],
      put: puts,
      entries: [
        serverEntry(kernel, "identity", {
          chain: chainOf(human),
          action: "human.setup",
          resource: human,
          changes: named(puts),
        }),
      ],
      blobs: [key],
    });
    return { humanId: human, cookie: session.cookie };
  }

  /** A later human has no rights until an administrator has signed this very passkey. */
  private async later(
    { human, name }: Ceremony,
    passkey: RegisteredPasskey,
    invite: StateRecord<"invite">,
  ): Promise<Registered> {
    const { kernel } = this;
    const key = await kernel.keys.newPerson(human);
    const people = await peopleRecords(kernel, { human, name, passkey, roles: invite.terms.roles, status: "pending" });
    const used = withState(invite, { status: "used" });
    await change(kernel, {
      expect: [{ kind: "invite", id: invite.id, version: invite.version }],
      put: [...people, used],
      entries: [
        serverEntry(kernel, "identity", {
          chain: chainOf(human),
          action: "human.register",
          resource: human,
          changes: named([...people, used]),
        }),
      ],
      blobs: [key],
    });
    const proposed = await this.approvals.propose({
      act: "human.add",
      draft: { human, passkey: passkey.credentialId },
      resource: human,
      human,
    });
    return { humanId: human, cookie: null, approvalId: proposed.approvalId };
  }
}

/** The one who does something, as they are now; nothing for the machine itself. */
async function stillActive({ store }: Kernel, by: string): Promise<NonNullable<Commit["expect"]>> {
  if (!isId("hum", by)) return [];
  const human = await store.get("human", by);
  if (human?.state.status !== "active") throw new AppError("human.inactive");
  return [{ kind: "human", id: by, version: human.version }];
}

const chainOf = (human: HumanId): { human: HumanId; device: null; agent: null; task: null } => ({
  human,
  device: null,
  agent: null,
  task: null,
});

interface NewPerson {
  readonly human: HumanId;
  readonly name: string;
  readonly passkey: RegisteredPasskey;
  readonly roles: readonly Role[];
  readonly status: "active" | "pending";
}

async function peopleRecords(kernel: Kernel, { human, name, passkey, roles, status }: NewPerson): Promise<Put[]> {
  const { credentialId, counter, ...key } = passkey;
  const authority = status === "active" ? "genesis" : null;
  return [
    {
      kind: "human",
      id: human,
      terms: { roles, name: await kernel.keys.sealText(human, name) },
      state: { status },
      authority,
    },
    { kind: "passkey", id: credentialId, terms: { ...key, human }, state: { status, counter }, authority },
  ];
}

/** What is in force without a signature, the first person and their key included: bound by digest into the root, in a fixed order. */
async function genesisRecords(
  kernel: Kernel,
  people: readonly Put[],
): Promise<{
  readonly records: StateRecord<"root">["terms"]["records"];
  /** What must still be in force as it was read. */
  readonly versions: NonNullable<Commit["expect"]>;
}> {
  const kinds = ["policy", "settings", "upstream"] as const;
  const found = await Promise.all(kinds.map(async (kind) => await kernel.store.find(kind)));
  const records = [...found.flat(), ...people]
    .filter((r) => r.authority === "genesis")
    .map((r) => ({ kind: r.kind, id: r.id, termsDigest: termsDigest(r.kind, r.id, r.terms) }));
  return { records, versions: found.flat().map(({ kind, id, version }) => ({ kind, id, version })) };
}

/** Origin and relying party of this installation: fixed by `publicUrl`. */
export async function originOf(kernel: Kernel): Promise<{ readonly origin: string; readonly rpId: string }> {
  const url = new URL((await settingsOf(kernel)).publicUrl);
  return { origin: url.origin, rpId: url.hostname };
}

export const humanAddKind: ChangeKind = {
  act: "human.add",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json) {
    const { human: id, passkey: credential } = draft as { human: HumanId; passkey: string };
    const human = await kernel.store.get("human", id);
    const passkey = await kernel.store.get("passkey", credential);
    if (human?.state.status !== "pending" || passkey?.state.status !== "pending") {
      throw new AppError("approval.changed", { detail: "this person is not waiting any more" });
    }
    const name = (await humanName(kernel, id))?.name ?? "";
    const bound = [withState(human, { status: "active" }), withState(passkey, { ...passkey.state, status: "active" })];
    return {
      bound,
      also: [],
      expect: [human, passkey].map((r) => ({ kind: r.kind, id: r.id, version: r.version })),
      shown: {
        human: id,
        name,
        roles: [...human.terms.roles],
        passkey: credential,
        authenticator: passkey.terms.aaguid,
        backedUp: passkey.terms.backedUp,
      },
      sentence: `let ${name} in${human.terms.roles.length === 0 ? "" : ` as ${human.terms.roles.join(", ")}`}`,
    };
  },
};
