import { TLSSocket } from "node:tls";
import { AppError, type Random } from "@countersign/core";
import {
  type BackendEvent,
  type TransactionStatus,
  readAuthentication,
  readBackendKey,
  readFields,
  readMechanisms,
  readParameterStatus,
  readReady,
  writeSaslInitial,
  writeSaslResponse,
  writeStartup,
} from "../wire/index.ts";
import { dialServer } from "./dial-server.ts";
import { Scram } from "./scram.ts";
import type { ServerAddress } from "./server-address.ts";
import { ServerConnection } from "./server-connection.ts";

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Further start-up parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}
/** A connection that takes statements. */
export interface LoggedIn {
  readonly connection: ServerConnection;
  /** What the server reported of the session. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly status: TransactionStatus;
}

/**
 * Opens a session on a server: SCRAM-SHA-256, bound to the TLS connection where the server can. A server that wants the password in clear
 * or as MD5 is refused; one that wants none is taken at its word.
 * @throws AppError `upstream.down`, `upstream.timeout`
 */
export async function logIn(
  address: ServerAddress,
  login: Login,
  { random, timeoutMs }: { readonly random: Random; readonly timeoutMs: number },
): Promise<LoggedIn> {
  const socket = await dialServer(address, timeoutMs);
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : null;
  const connection = new ServerConnection(socket, address);
  const timer = setTimeout(() => connection.destroy(), timeoutMs);
  try {
    const { user, parameters } = login;
    const own = { user, database: address.database, client_encoding: "UTF8", ...parameters };
    connection.write(writeStartup(own));
    await authenticate(connection, login, { certificate, random });
    return { connection, ...(await ready(connection)) };
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Message = Extract<BackendEvent, { type: "message" }>;

/** The next message that is no notice. @throws AppError what the server refused the session for */
async function next(connection: ServerConnection): Promise<Message> {
  for (;;) {
    const event = await connection.read();
    if (event === null) throw down("it ended the connection while a session was opened");
    if (event.type !== "message") throw garbage();
    const code = String.fromCharCode(event.code);
    if (code === "N") continue;
    if (code !== "E") return event;
    const fields = readFields(event.body);
    // The message may name roles and hosts, which are nobody's business: its code says enough.
    throw down(`it refused the session (SQLSTATE ${fields?.get("C") ?? "unknown"})`);
  }
}

/** Kinds of authentication messages. */
const KIND = { ok: 0, sasl: 10, saslContinue: 11, saslFinal: 12 };

async function authenticate(
  connection: ServerConnection,
  { password }: Login,
  known: { readonly certificate: Buffer | null; readonly random: Random },
): Promise<void> {
  const asked = await askedNext(connection);
  if (asked.kind === KIND.ok) return;
  if (asked.kind !== KIND.sasl)
    throw down("it wants the password in a form that would give it away; set `scram-sha-256` in pg_hba.conf");
  const scram = Scram.choose(readMechanisms(asked.data) ?? [], { password, ...known });
  if (scram === null) throw down("it offers no way to log in that is spoken here (SCRAM-SHA-256)");
  connection.write(writeSaslInitial(scram.mechanism, scram.first()));
  const proof = await scram.proof(await saslData(connection, KIND.saslContinue));
  if (proof === null) throw garbage();
  connection.write(writeSaslResponse(proof));
  // A server that asks for a proof has to give its own.
  if (!scram.isServer(await saslData(connection, KIND.saslFinal)))
    throw down("it could not prove that it knows the password");
  if ((await askedNext(connection)).kind !== KIND.ok) throw garbage();
}

async function askedNext(connection: ServerConnection): Promise<{ readonly kind: number; readonly data: Buffer }> {
  const { code, body } = await next(connection);
  const asked = code === "R".charCodeAt(0) ? readAuthentication(body) : null;
  if (asked === null) throw garbage();
  return asked;
}

async function saslData(connection: ServerConnection, kind: number): Promise<Buffer> {
  const asked = await askedNext(connection);
  if (asked.kind !== kind) throw garbage();
  return asked.data;
}

async function ready(connection: ServerConnection): Promise<Omit<LoggedIn, "connection">> {
  const parameters = new Map<string, string>();
  for (;;) {
    const { code, body } = await next(connection);
    switch (String.fromCharCode(code)) {
      case "S": {
        const said = readParameterStatus(body);
        if (said === null) throw garbage();
        parameters.set(said.name, said.value);
        break;
      }
      case "K":
        connection.backend = readBackendKey(body);
        break;
      case "Z": {
        const status = readReady(body);
        if (status === null) throw garbage();
        return { parameters, status };
      }
      default:
        throw garbage();
    }
  }
}

function down(detail: string): AppError {
  return new AppError("upstream.down", { detail: `the PostgreSQL server cannot be used: ${detail}` });
}
function garbage(): AppError {
  return new AppError("upstream.garbage", { detail: "the server sent what is not the protocol" });
}
