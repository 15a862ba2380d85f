/** What a new installation enforces: reading and writing pass, everything graver or unknown waits for the owner's signature. */
export const DEFAULT_POLICIES: string = `// Agents may read and write what their task's grants cover.
@id("default:read-write")
permit (
  principal is Agent,
  action in [Action::"read", Action::"write"],
  resource
);

// People may do in a task of their own what an administrator has signed for it.
@id("default:own-task")
permit (
  principal is Human,
  action in [Action::"read", Action::"write", Action::"destructive", Action::"external", Action::"unknown"],
  resource
);

// Graver actions, and those whose effect is not known, may be done...
@id("default:grave")
permit (
  principal is Agent,
  action in [Action::"destructive", Action::"external", Action::"unknown"],
  resource
);

// ...after the owner has signed each one.
@id("default:hold-grave")
@hold("changes or destroys data, or acts outside")
@approvers("owner")
@scopes("once")
forbid (
  principal,
  action in [Action::"destructive", Action::"external", Action::"unknown"],
  resource
);
`;
