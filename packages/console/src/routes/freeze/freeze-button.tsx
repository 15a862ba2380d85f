import { Link } from "@tanstack/react-router";
import { Snowflake } from "lucide-react";
import type { ReactElement } from "react";

/** Freeze, on every page. */
export function FreezeButton(): ReactElement {
  return (
    <Link to="/freeze" className="button">
      <Snowflake className="icon" aria-hidden />
      Freeze
    </Link>
  );
}
