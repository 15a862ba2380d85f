import { AppError, isId } from "@countersign/core";
import { z } from "zod";
import type { Approvals } from "../approvals/index.ts";
import { type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Offboarding } from "./offboarding.ts";

const callers = ["cookie", "session", "local"] as const;

export interface OffboardingModules {
  readonly kernel: Kernel;
  readonly offboarding: Offboarding;
  readonly approvals: Approvals;
}

export function offboardingRoutes({ kernel, offboarding, approvals }: OffboardingModules): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/humans/:id/offboard",
      callers,
      roles: ["admin"],
      body: z.strictObject({ reason: z.string().min(1).max(500), wait: z.boolean().default(true) }),
      handle: async ({ params, body, caller }) => {
        const human = humanId(params["id"]);
        const { id, receipt } = await offboarding.begin({ human, reason: body.reason, by: callerName(caller) });
        if (!body.wait) return { status: 202, body: { id, state: "stopping" } };
        return { body: await receipt };
      },
    }),
    route({
      method: "POST",
      url: "/v1/humans/:id/reinstate",
      callers,
      handle: async ({ params }) => {
        const id = humanId(params["id"]);
        const human = await kernel.store.get("human", id);
        if (human === null) throw unknown(id);
        if (human.state.status !== "inactive")
          throw new AppError("request.conflict", { detail: `this person is ${human.state.status}` });
        const proposal = { act: "human.reinstate", draft: { id }, resource: id, human: id } as const;
        return { status: 202, body: await approvals.propose(proposal) };
      },
    }),
  ];
}

function humanId(id = ""): `hum_${string}` {
  if (isId("hum", id)) return id;
  throw unknown(id);
}

function unknown(id: string): AppError {
  return new AppError("request.not_found", { detail: `there is no human \`${id.slice(0, 40)}\`` });
}
