// What enforcement takes of the server's resources. By itself, so that who asks loads nothing of enforcement.

/** Other kinds are somebody else's. */
export const enforceKinds: readonly string[] = ["Policy", "Enforcement", "LocalEndpoint"];
