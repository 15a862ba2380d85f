import { fromBase64url } from "./base64url.ts";
import { need, run, say, textIn } from "./elements.mts";
import { call } from "./http.mts";
import { credentialJson, descriptor, passkeysWork } from "./passkey.mts";
import { start } from "./start.mts";

/** Set-up and invitation: a name, a passkey, done. */
start(() => {
  if (!passkeysWork()) return;
  need("name").focus();
  need("register").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = textIn("name");
    need("name").toggleAttribute("aria-invalid", name === "");
    if (name !== "") return run(need("create"), "No passkey was made.", () => registerAs(name));
    say("Enter your name first.", true);
    need("name").focus();
  });
});

async function registerAs(name: string): Promise<void> {
  const { kind, token } = need("register").dataset;
  const who = { [kind ?? ""]: token, name };
  const options = await call<PublicKeyCredentialCreationOptionsJSON>("POST", "/v1/webauthn/registration/options", who);
  say("Waiting for your passkey.");
  const response = await makePasskey(options);
  const { approvalId } = await call<{ approvalId?: string }>("POST", "/v1/webauthn/registration", { ...who, response });
  // The link is used up: it has no place in the history.
  history.replaceState(null, "", location.pathname);
  document.title = `Done · ${document.title}`;
  need("before").hidden = true;
  need("after").hidden = false;
  need("named").textContent = name;
  need("done").focus();
  const link = document.querySelector<HTMLAnchorElement>("#to-sign");
  if (link === null || approvalId === undefined) return;
  link.href = `/approve/${approvalId}`;
  link.textContent = link.href;
}

async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  const publicKey =
    "parseCreationOptionsFromJSON" in PublicKeyCredential
      ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
      : ({
          ...options,
          challenge: fromBase64url(options.challenge),
          user: { ...options.user, id: fromBase64url(options.user.id) },
          excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
        } as unknown as PublicKeyCredentialCreationOptions);
  return credentialJson(await navigator.credentials.create({ publicKey }));
}
