import type { Page } from "playwright-core";
import type { Person } from "../support/person.ts";

/** Gives the page the session of a person who has signed in already. */
export async function signedIn(page: Page, person: Person): Promise<void> {
  const [name = "", value = ""] = person.cookie.split("=");
  await page.context().addCookies([{ name, value, url: person.api, httpOnly: true, sameSite: "Strict" }]);
}
