/** Where the clients of a command find PostgreSQL. */
export interface LocalPostgres {
  /** Folder of the Unix socket, or an address of loopback. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Null: the command has to say which. */
  readonly database: string | null;
}

/** What would lead a client of libpq elsewhere, or tell it to expect TLS on this hop. */
const ELSEWHERE =
  /^(?:DATABASE_URL|PG(?:HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|OPTIONS|REQUIRE[A-Z]*|SSL[A-Z]*|GSS[A-Z]*|KRB[A-Z]*|CHANNELBINDING|TARGETSESSIONATTRS|LOADBALANCEHOSTS|MINPROTOCOLVERSION|MAXPROTOCOLVERSION|OAUTH[A-Z]*))$/;

/**
 * The environment of a command: that of this process without anything of Countersign's own (INV-9) and without other ways to a database,
 * and with the way to the guarded one.
 */
export function commandEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  postgres: LocalPostgres | null,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && !name.startsWith("COUNTERSIGN_") && !ELSEWHERE.test(name)) kept[name] = value;
  }
  return postgres === null ? kept : { ...kept, ...wayTo(postgres) };
}

function wayTo({ host, port, user, password, database }: LocalPostgres): Record<string, string> {
  const part = encodeURIComponent;
  const authority = `${part(user)}:${part(password)}@${part(host)}:${String(port)}`;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGSSLMODE: "disable",
    PGGSSENCMODE: "disable",
    ...(database === null
      ? {}
      : { PGDATABASE: database, DATABASE_URL: `postgres://${authority}/${part(database)}?sslmode=disable` }),
  };
}
