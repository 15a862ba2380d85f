import { Agents, agentCreateKind, agentReassignKind, agentReinstateKind } from "./agents/index.ts";
import { Approvals, type ChangeKind, ChangeKinds } from "./approvals/index.ts";
import { Brakes, thawKind } from "./brakes/index.ts";
import { Clients, clientConnectKind } from "./clients/index.ts";
import type { Config } from "./config/index.ts";
import { Authority, Identities, Joins, ServerIdentity, pointTrustKind } from "./credentials/index.ts";
import { Devices } from "./devices/index.ts";
import type { Kernel } from "./kernel.ts";
import { Mandates, mandateCreateKind } from "./mandates/index.ts";
import { Offboarding } from "./offboarding/index.ts";
import { Registration, Sessions, humanAddKind, humanReinstateKind, sessionOpenKind } from "./people/index.ts";
import { Policies, policyPublishKind } from "./policies/index.ts";
import { OwnTasks, Tasks, taskOpenKind } from "./tasks/index.ts";
import { Upstreams, settingsPutKind, upstreamPutKind } from "./upstreams/index.ts";

/** The modules of the control plane, each made once. */
export interface Modules {
  readonly approvals: Approvals;
  readonly brakes: Brakes;
  readonly sessions: Sessions;
  readonly registration: Registration;
  readonly devices: Devices;
  readonly offboarding: Offboarding;
  readonly agents: Agents;
  readonly tasks: Tasks;
  readonly ownTasks: OwnTasks;
  readonly mandates: Mandates;
  readonly policies: Policies;
  readonly upstreams: Upstreams;
  readonly clients: Clients;
  readonly authority: Authority;
  readonly joins: Joins;
  readonly identities: Identities;
  readonly serverIdentity: ServerIdentity;
}

/** Everything that can be signed. */
const KINDS: readonly ChangeKind[] = [
  sessionOpenKind,
  humanAddKind,
  humanReinstateKind,
  agentCreateKind,
  agentReinstateKind,
  agentReassignKind,
  mandateCreateKind,
  taskOpenKind,
  policyPublishKind,
  upstreamPutKind,
  settingsPutKind,
  clientConnectKind,
  pointTrustKind,
  thawKind,
];

/** Makes them, and the first records of a new installation. */
export async function buildModules(kernel: Kernel, config: Config): Promise<Modules> {
  const kinds = new ChangeKinds();
  for (const kind of KINDS) kinds.add(kind);
  const approvals = new Approvals(kernel, kinds);
  const brakes = new Brakes(kernel, () => approvals);
  const sessions = new Sessions(kernel);
  const registration = new Registration(kernel, { sessions, approvals });
  const agents = new Agents(kernel, approvals);
  const policies = new Policies(kernel, approvals);
  const upstreams = new Upstreams(kernel, approvals);
  await kernel.store.exclusively(async () => {
    await policies.begin();
    await upstreams.apply(config);
  });
  const authority = await Authority.open(kernel);
  const tasks = new Tasks(kernel, { agents, brakes, authority });
  return {
    approvals,
    brakes,
    sessions,
    registration,
    devices: new Devices(kernel),
    offboarding: new Offboarding(kernel, brakes),
    agents,
    tasks,
    ownTasks: new OwnTasks(kernel, approvals),
    mandates: new Mandates(kernel, { agents, approvals }),
    policies,
    upstreams,
    clients: new Clients(kernel, { approvals, sessions }),
    authority,
    joins: new Joins(kernel, authority),
    identities: new Identities(kernel, { authority, approvals }),
    serverIdentity: new ServerIdentity(authority, kernel.now),
  };
}

/** What each server does from time to time; another one may do it at the same moment, and then one of them has done it. */
export async function sweep({ tasks, approvals, brakes }: Modules): Promise<void> {
  await brakes.sweep();
  await tasks.sweep();
  await approvals.sweep();
}
