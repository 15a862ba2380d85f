import {
  approvalPage,
  callDisplay,
  changeDisplay,
  choicePage,
  connectDisplay,
  effectDisplay,
  hostileDisplay,
  inviteView,
  longDisplay,
  mandateDisplay,
  secondPage,
  setupView,
  signInView,
  usedPage,
  waitingPage,
} from "./sample-views.ts";
import { renderApproval, renderConsoleWait, renderInvite, renderProblem, renderSetup, renderSignIn } from "../index.ts";

/** Every page in every state that a person may meet, by name. */
export const samplePages: Readonly<Record<string, () => string>> = {
  setup: () => renderSetup(setupView),
  "setup-closed": () => renderSetup({ ...setupView, state: "closed" }),
  invite: () => renderInvite(inviteView),
  "sign-in": () => renderSignIn(signInView),
  "approve-pending": () => renderApproval(approvalPage(callDisplay)),
  "approve-hostile": () => renderApproval(approvalPage(hostileDisplay)),
  "approve-long": () => renderApproval(approvalPage(longDisplay)),
  "approve-not-mine": () =>
    renderApproval({ ...approvalPage(callDisplay), mayAnswer: false, approver: "Grace Hopper" }),
  "approve-approved": () => renderApproval(approvalPage(callDisplay, "approved")),
  "approve-denied": () => renderApproval(approvalPage(callDisplay, "denied")),
  "approve-expired": () => renderApproval(approvalPage(callDisplay, "expired")),
  "approve-consumed": () => renderApproval(approvalPage(callDisplay, "consumed")),
  "approve-void": () => renderApproval(approvalPage(callDisplay, "void")),
  "approve-ended": () =>
    renderApproval({
      ...approvalPage(callDisplay, "approved"),
      approval: null,
      ended: { state: "approved", action: "agent.create" },
    }),
  "approve-change": () => renderApproval(approvalPage(changeDisplay)),
  "approve-connect": () => renderApproval(approvalPage(connectDisplay)),
  "approve-mandate": () => renderApproval(approvalPage(mandateDisplay)),
  "approve-effect": () => renderApproval(approvalPage(effectDisplay)),
  "approve-effect-unknown": () =>
    renderApproval(
      approvalPage({
        ...callDisplay,
        preview: { sentence: "Effect unknown: it calls what is not known.", relations: [] },
      }),
    ),
  "approve-choice": () => renderApproval(choicePage),
  "approve-second": () => renderApproval(secondPage),
  "approve-waiting": () => renderApproval(waitingPage),
  "approve-used": () => renderApproval(usedPage),
  "approve-unknown": () => renderApproval({ ...approvalPage(callDisplay), approval: null }),
  "approve-signed-out": () => renderApproval({ ...approvalPage(callDisplay), signedIn: null }),
  "console-building": () => renderConsoleWait(null),
  "console-failed": () =>
    renderConsoleWait("the build of the console ended with 1: `vite` is missing; run `npm ci`, then start again"),
  problem: () =>
    renderProblem({ status: 404, title: "No such page", detail: "There is nothing under this address.", remedy: null }),
};
